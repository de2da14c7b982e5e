// What the data becomes, see model.js, and what walks.js makes of it.

export interface Group { index: number; name: string; variant: string; packages: number }
export interface Build { version: string; source: string; python: string; groups: string[]; markers: [string, string][] }
export interface Advisory { id: string; severity: string; summary: string; fixed: string[] }

// A constraint; `rank` orders upper bounds, 0 the lowest, Infinity none.
export interface Limited { constraint: string; rank: number; upper: string }
export interface Line extends Limited { marker: string; asks: string[]; extras: string[]; version?: string }
export interface Demand extends Line { node: GraphNode; group: Group; links: Link[] }

export interface GraphNode {
  index: number; id: string; name: string; about: string; groups: Group[]; builds: Build[]; versions: string[];
  direct: boolean; optional: boolean; orphan: boolean; lost: boolean; x: number; y: number; layer: number;
  needs: Edge[]; neededBy: Edge[]; links: Link[]; demands: Demand[]; cycles: Cycle[]; frees: number; leader: GraphNode | null;
  change: string; before: string[]; size: number | null; advisories: Advisory[]; more?: number;
}
export interface Edge { index: number; from: GraphNode; to: GraphNode; hard: boolean; marker: string; lost: boolean; change: string; entries: Line[] }
export interface Link { index: number; node: GraphNode; build: Build; extra: string; to: Link[]; from: Link[] }
export interface Cycle { members: GraphNode[]; kind: "hard" | "extra" | "marker"; example: GraphNode[]; broken: { from: GraphNode; to: GraphNode; words: string }[] }
export interface Arrival { node: GraphNode; builds: string[]; because: GraphNode[]; direct: boolean }
export interface Change { node: GraphNode; before: string[]; after: string[]; kind: "downgrade" | "major" | "upgrade" | "build" }
export interface Diff { old: string; new: string; added: Arrival[]; removed: Arrival[]; changed: Change[]; unchanged: number; edges_added: number[] }

export interface Model {
  project: string; lock: string; audited: string; python: string; scope: string; focus: GraphNode | null;
  summary: Record<string, any>; nodes: GraphNode[]; edges: Edge[]; links: Link[]; groups: Group[]; demands: Demand[];
  cycles: Cycle[]; diff: Diff | null; byId: Map<string, GraphNode>; hasSizes: boolean; hasAdvisories: boolean;
}

// The part of the graph that the filters leave.
export interface Part {
  model: Model; alive: Uint8Array; roots: GraphNode[]; demands: Demand[]; reached: Map<Link, number>; count: number; everything: boolean;
  depth?: Map<GraphNode, number>; isRoot: Set<GraphNode>; gone: Map<GraphNode, GraphNode[]>; leaders: Map<GraphNode, GraphNode> | null;
  onward(link: Link): Link[]; has(node: GraphNode): boolean; needs(node: GraphNode): Edge[]; neededBy(node: GraphNode): Edge[];
  below(node: GraphNode): GraphNode[]; above(node: GraphNode): GraphNode[];
}

// A step of a path: a package, the lines that ask for it, and the build and the extra of the package before it.
export interface Step { node: GraphNode; lines: Line[]; of: Build | null; extra: string; group?: Group }
export interface Family { name: string; nodes: GraphNode[] }
export interface Box { x: number; y: number; w: number; h: number }
