"""A health report as CycloneDX 1.6 (JSON): the locked packages, their vulnerabilities, and what policy says of these.

The model and the serialisation are those of cyclonedx-python-lib, which comes with pip-audit and is imported by nothing
else. The serial number is made of the content, so that the same report gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.impact_analysis import ImpactAnalysisState
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.model.vulnerability import (
    BomTarget,
    Vulnerability,
    VulnerabilityAdvisory,
    VulnerabilityAnalysis,
    VulnerabilityRating,
    VulnerabilityReference,
    VulnerabilityScoreSource,
    VulnerabilitySeverity,
    VulnerabilitySource,
)
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL

from poetry_aiops.cli.escape import clipped, web_address
from poetry_aiops.health.report import words
from poetry_aiops.health.report.cases import FindingRows, as_uri, cases, ignored_cases
from poetry_aiops.system.addresses import public_address


if TYPE_CHECKING:
    from poetry_aiops.health.advisory import Finding, Rating
    from poetry_aiops.health.ignores import Ignore
    from poetry_aiops.health.report.model import HealthReport, PackageRow
    from poetry_aiops.project.model import LockedFile, Package, PackageKey


_NOBODY: Final = UUID(int=0)
_METHODS: Final = {
    "CVSS_V2": VulnerabilityScoreSource.CVSS_V2,
    "CVSS_V3": VulnerabilityScoreSource.CVSS_V3,
    "CVSS_V4": VulnerabilityScoreSource.CVSS_V4,
}


_DIGEST: Final = re.compile(
    "md5:[0-9a-fA-F]{32}|sha1:[0-9a-fA-F]{40}|sha256:[0-9a-fA-F]{64}|sha384:[0-9a-fA-F]{96}|sha512:[0-9a-fA-F]{128}"
)


def health_cyclonedx(report: HealthReport) -> str:
    """Return the document as text in ASCII."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The Component this BOM is describing")  # nothing of it is in scope
        output = make_outputter(_bom(report), OutputFormat.JSON, SchemaVersion.V1_6).output_as_string()
    document = json.loads(output)
    digest = hashlib.sha256(output.encode("utf-8", "replace")).digest()
    document["serialNumber"] = UUID(bytes=digest[:16], version=5).urn
    return words.json_text(document)


def _bom(report: HealthReport) -> Bom:
    components: dict[PackageKey, Component] = {}
    taken: set[str] = set()
    for row in report.packages:
        components.setdefault(row.package.key, component_of(row, taken))
    tool = Component(
        name="poetry-aiops", version=clipped(report.tool_version) or None, type=ComponentType.APPLICATION
    )
    root = Component(
        name=clipped(report.project) or "project",
        version=clipped(report.project_version) or None,
        type=ComponentType.APPLICATION,
        bom_ref="project",
    )
    bom = Bom(
        serial_number=_NOBODY,
        components=components.values(),
        metadata=BomMetaData(
            tools=ToolRepository(components=[tool]),
            component=root,
            timestamp=report.generated.astimezone(UTC),
            properties=_facts(report),
        ),
        vulnerabilities=_vulnerabilities(report, components),
    )
    _dependencies(report, bom, root, components)
    return bom


def _facts(report: HealthReport) -> list[Property]:
    """Return what a reader must know before taking an empty list of vulnerabilities for a good sign."""
    facts = [
        ("complete", "true" if report.complete else "false"),
        ("audit", words.audited_in_words(report).text),
        *(("open", clipped(question)) for question in report.gate.incomplete),
        *([("scope", clipped(report.scope))] if report.scope else []),
    ]
    return [Property(name=f"poetry-aiops:{name}", value=value) for name, value in facts]


def _dependencies(
    report: HealthReport, bom: Bom, root: Component, components: dict[PackageKey, Component]
) -> None:
    named: dict[str, list[Component]] = {}
    chains = {row.package.name: row.via for row in report.packages}
    for row in report.packages:
        named.setdefault(row.package.name, []).append(components[row.package.key])
    direct = [components[row.package.key] for row in report.packages if row.direct]
    bom.register_dependency(root, direct)
    for row in report.packages:
        name = row.package.name
        needs = {
            edge.name
            for edge in row.package.edges
            if not edge.optional or chains.get(edge.name, ())[-1:] == (name,)
        }
        below = [component for need in sorted(needs - {name}) for component in named.get(need, [])]
        bom.register_dependency(components[row.package.key], below)


def _vulnerabilities(report: HealthReport, components: dict[PackageKey, Component]) -> list[Vulnerability]:
    return [_vulnerability(case, components) for case in (*cases(report), *ignored_cases(report))]


def _vulnerability(case: FindingRows, components: dict[PackageKey, Component]) -> Vulnerability:
    finding, ignore = case.finding, case.ignore
    address = web_address(finding.url)
    mark = "" if ignore is None else "#ignored"
    fixed = f"Upgrade {finding.package} to {finding.fixed_in[0]} or later." if finding.fixed_in else ""
    return Vulnerability(
        bom_ref=clipped(f"{finding.id}#{finding.package}{mark}"),
        id=clipped(finding.id),
        source=_source(finding.id, address),
        references=[
            VulnerabilityReference(id=clipped(name), source=_source(name)) for name in finding.aliases
        ],
        ratings=[_rating(finding.rating, finding)],
        description=clipped(finding.summary) or None,
        recommendation=clipped(fixed) or None,
        advisories=[VulnerabilityAdvisory(url=XsUri(address))] if address else None,
        published=_time(finding.published),
        analysis=_analysis(ignore) if ignore else None,
        affects=[BomTarget(ref=str(components[row.package.key].bom_ref.value)) for row in case.rows],
    )


def _analysis(ignore: Ignore) -> VulnerabilityAnalysis:
    """Return the VEX state: an ignore without an end says "not affected", one that ends has to be checked again."""
    for_now = ignore.expires is not None or ignore.until_fixed
    state = ImpactAnalysisState.IN_TRIAGE if for_now else ImpactAnalysisState.NOT_AFFECTED
    return VulnerabilityAnalysis(
        state=state, detail=clipped(f"{ignore.reason} ({words.terms_in_words(ignore)})")
    )


def _rating(rating: Rating, finding: Finding) -> VulnerabilityRating:
    method = _METHODS.get(rating.origin)
    vector = clipped(rating.vector or "")
    if method is VulnerabilityScoreSource.CVSS_V3 and vector.startswith("CVSS:3.1"):
        method = VulnerabilityScoreSource.CVSS_V3_1
    return VulnerabilityRating(
        score=None if finding.cvss is None else Decimal(str(finding.cvss)),
        severity=VulnerabilitySeverity(str(finding.severity)),
        method=method,
        vector=vector or None,
    )


def _source(identity: str, address: str | None = None) -> VulnerabilitySource:
    """Return the database that an id belongs to, which its prefix names."""
    name = clipped(identity.partition("-")[0], 40) or "unknown"
    return VulnerabilitySource(name=name, url=XsUri(address) if address else None)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def component_of(row: PackageRow, taken: set[str]) -> Component:
    """Return the component of a row under a reference of its own, which is added to ``taken``."""
    package = row.package
    name, version = clipped(package.name) or "unnamed", clipped(package.version)
    purl = PackageURL("pypi", None, name, version or None, _qualifiers(package))
    reference, number = str(purl), 1
    while reference in taken:
        number += 1
        reference = f"{purl}#{number}"
    taken.add(reference)
    optional = package.optional or bool(row.audit and row.audit.dev_only)
    only = _hash(package.files[0]) if len(package.files) == 1 else None
    return Component(
        name=name,
        version=version or None,
        bom_ref=reference,
        purl=purl,
        description=clipped(package.description) or None,
        scope=ComponentScope.OPTIONAL if optional else ComponentScope.REQUIRED,
        hashes=[only] if only else None,
        external_references=_references(package),
        licenses=_licences(row),
        properties=_package_facts(row),
    )


def _licences(row: PackageRow) -> list[DisjunctiveLicense | LicenseExpression]:
    """Return an identifier of SPDX as a licence, anything longer as an expression; none where it is not known."""
    expression = row.licence.expression if row.licence else ""
    if not expression:
        return []
    if re.search(r"[()\s]", expression) or not is_supported_id(expression):
        return [LicenseExpression(expression)]
    return [DisjunctiveLicense(id=expression)]


def _qualifiers(package: Package) -> dict[str, str]:
    """Return what a package URL says about a package that is not from the default index (purl-spec, "pypi")."""
    source = package.source
    address = web_address(public_address(source.url)) if source else None
    if source is None or address is None:
        return {}
    if source.type == "git":
        revision = source.resolved_reference or source.reference or ""
        return {"vcs_url": f"git+{address}@{clipped(revision)}" if revision else f"git+{address}"}
    return {"download_url" if source.type == "url" else "repository_url": address}


def _references(package: Package) -> list[ExternalReference]:
    """Return each locked file with its hash, and the repository of a package from git."""
    found = []
    for file in package.files:
        hashed = _hash(file)
        if hashed:
            url = XsUri(as_uri(clipped(file.name)))
            kind = ExternalReferenceType.DISTRIBUTION
            found.append(
                ExternalReference(type=kind, url=url, comment="file in poetry.lock", hashes=[hashed])
            )
    source = package.source
    address = web_address(public_address(source.url)) if source and source.type == "git" else None
    if address:
        found.append(ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(address)))
    return found


def _hash(file: LockedFile) -> HashType | None:
    if not _DIGEST.fullmatch(file.hash):
        return None
    name, _, digest = file.hash.partition(":")
    return HashType(alg=HashAlgorithm(name.upper().replace("SHA", "SHA-")), content=digest)


def _package_facts(row: PackageRow) -> list[Property]:
    facts = [("groups", words.groups_in_words(row)), ("pulled-in-by", words.via_in_words(row))]
    if row.audit:
        facts.append(("audit", f"{row.audit.status}{f': {row.audit.reason}' if row.audit.reason else ''}"))
    facts += [(f"signal:{signal.kind}", signal.message) for signal in row.signals]
    return [Property(name=f"poetry-aiops:{name}", value=clipped(text)) for name, text in facts if text]
