"""Save a model so that equal weights give equal bytes."""

import json
import tempfile
import zipfile
from pathlib import Path

import keras

FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def save_model(model: keras.Model, path: Path) -> None:
    """Write a `.keras` file without the time of writing: Keras' own entries, sorted, stored, with a fixed date."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        original = Path(folder, "model.keras")
        model.save(original)
        with zipfile.ZipFile(original) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
            for name in sorted(source.namelist()):
                content = source.read(name)
                if name == "metadata.json":
                    metadata = json.loads(content)
                    metadata.pop("date_saved", None)
                    content = json.dumps(metadata, sort_keys=True).encode()
                entry = zipfile.ZipInfo(name, FIXED_DATE)
                entry.external_attr = 0o644 << 16
                target.writestr(entry, content)
