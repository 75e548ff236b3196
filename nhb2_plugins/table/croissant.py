"""What an export's files hold, as Croissant metadata (mlcommons.org/croissant, version 1.0): JSON-LD that catalogues of
data sets and their loaders read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nhb2_plugins.table.schema import Provenance

_TERMS: Final = (
    "citeAs column equivalentProperty extract field fileObject fileProperty fileSet format includes isLiveDataset "
    "jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source "
    "subField transform"
)
_CONTEXT: Final = {
    **{term: f"cr:{term}" for term in _TERMS.split()},
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
"""The whole context that the format prescribes: readers compare it."""
_CITATION: Final = (
    "Hirose, Yoshinari, Shirakawa: NAS-HPO-Bench-II: A Benchmark Dataset on Joint Optimization of Convolutional Neural "
    "Network Architecture and Training Hyperparameters. ACML 2021, arXiv:2110.10165"
)
_MIT: Final = "https://spdx.org/licenses/MIT"


@dataclass(frozen=True)
class DescribedFile:
    """One file of an export.

    Attributes:
        name: relative to the metadata.
        media_type: of its contents.
        n_bytes: its size.
        sha256: of its bytes, in hexadecimal.
        columns: data type of each column by its name, as ``sc:Float``; none where it holds no records.
    """

    name: str
    media_type: str
    n_bytes: int
    sha256: str
    columns: Mapping[str, str]


def croissant(provenance: Provenance, name: str, files: Mapping[str, DescribedFile]) -> dict[str, Any]:
    """The metadata of an export, fit for JSON.

    Args:
        provenance: the table's. Its digest is the version; the licence is said of the embedded table alone, which is
            this package's own.
        name: of the data set.
        files: what was written, by the name that its records get.
    """
    description = f"NAS-HPO-Bench-II, {provenance.label}: {provenance.source}. {provenance.note}".strip()
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": description,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **({"license": _MIT} if provenance.kind == "embedded" else {}),
        "url": "https://arxiv.org/abs/2110.10165",
        "citeAs": _CITATION,
        "datePublished": provenance.created,
        "version": f"1.0.0+{provenance.digest[:8]}",
        "distribution": [_file_object(file) for file in files.values()],
        "recordSet": [_record_set(label, file) for label, file in files.items() if file.columns],
    }


def _file_object(file: DescribedFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.name,
        "contentSize": f"{file.n_bytes} B",
        "encodingFormat": file.media_type,
        "sha256": file.sha256,
    }


def _record_set(label: str, file: DescribedFile) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{label}/{column}",
            "name": column,
            "dataType": data_type,
            "source": {"fileObject": {"@id": file.name}, "extract": {"column": column}},
        }
        for column, data_type in file.columns.items()
    ]
    return {"@type": "cr:RecordSet", "@id": label, "name": label, "field": fields}
