"""One locked package as a component of CycloneDX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.component import Component, ComponentScope
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL

from poetry_aiops.cli.escape import clipped, web_address
from poetry_aiops.health.report import words
from poetry_aiops.health.report.places import as_uri
from poetry_aiops.system.addresses import public_address


if TYPE_CHECKING:
    from poetry_aiops.health.report.model import PackageRow
    from poetry_aiops.project.model import LockedFile, Package


_ALGORITHMS: Final = {
    "md5": (HashAlgorithm.MD5, 32),
    "sha1": (HashAlgorithm.SHA_1, 40),
    "sha256": (HashAlgorithm.SHA_256, 64),
    "sha384": (HashAlgorithm.SHA_384, 96),
    "sha512": (HashAlgorithm.SHA_512, 128),
}
_HEX: Final = re.compile(r"[0-9a-fA-F]+")


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
        properties=_facts(row),
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
    name, _, digest = file.hash.partition(":")
    algorithm, length = _ALGORITHMS.get(name, (None, 0))
    if algorithm is None or len(digest) != length or not _HEX.fullmatch(digest):
        return None
    return HashType(alg=algorithm, content=digest)


def _facts(row: PackageRow) -> list[Property]:
    facts = [("groups", words.groups_in_words(row)), ("pulled-in-by", words.via_in_words(row))]
    if row.audit:
        facts.append(("audit", f"{row.audit.status}{f': {row.audit.reason}' if row.audit.reason else ''}"))
    facts += [(f"signal:{signal.kind}", signal.message) for signal in row.signals]
    return [Property(name=f"poetry-aiops:{name}", value=clipped(text)) for name, text in facts if text]
