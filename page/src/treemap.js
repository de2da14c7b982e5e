// Squarified treemap (Bruls, Huizing, van Wijk 2000): rectangles whose areas are in the proportion of the sizes.

export const squarify = (items, box) => {
  const placed = [];
  const total = items.reduce((sum, item) => sum + item.size, 0);
  if (!total || box.w <= 0 || box.h <= 0) return placed;
  const scale = (box.w * box.h) / total;
  let { x, y, w, h } = box;
  let row = [];
  const worst = (sizes, side) => {
    const area = sizes.reduce((sum, each) => sum + each, 0);
    return Math.max((side * side * Math.max(...sizes)) / (area * area), (area * area) / (side * side * Math.min(...sizes)));
  };
  const close = () => {
    const area = row.reduce((sum, item) => sum + item.size * scale, 0);
    const flat = w >= h;
    const thick = area / (flat ? h : w);
    let at = flat ? y : x;
    for (const item of row) {
      const long = (item.size * scale) / thick;
      placed.push({ item, x: flat ? x : at, y: flat ? at : y, w: flat ? thick : long, h: flat ? long : thick });
      at += long;
    }
    if (flat) { x += thick; w -= thick; } else { y += thick; h -= thick; }
    row = [];
  };
  for (const item of [...items].sort((a, b) => b.size - a.size)) {
    const side = Math.min(w, h);
    const sizes = row.map((each) => each.size * scale);
    if (row.length && worst([...sizes, item.size * scale], side) > worst(sizes, side)) close();
    row.push(item);
  }
  if (row.length) close();
  return placed;
};
