"""Stage `tfrecords`: the prepared splits as TFRecord shards, and an index with each shard's digest."""

from pathlib import Path

from pipeline.cifar.records import write_shard
from pipeline.digests import hash_file
from pipeline.inputs import read_array, read_json
from pipeline.outputs import write_json, written_aside
from pipeline.settings.params import Params
from pipeline.stages.command import run
from pipeline.stages.paths import PREPARED, TFRECORDS

INTEGER_FEATURES = ("label", "clean_label", "coarse_label", "index")


def tfrecords(params: Params) -> None:
    """Read data/prepared/ and write data/tfrecords/<split>-00000-of-000NN.tfrecord and index.json."""
    images_per_shard = params.tfrecords.images_per_shard
    statistics = read_json(PREPARED / "statistics.json", "dataset", "sha256", "classes", "images")
    index = {name: statistics[name] for name in ("dataset", "sha256", "classes")}
    with written_aside(TFRECORDS) as folder:
        folder.mkdir()
        index["splits"] = {split: write_split(folder, split, images_per_shard) for split in statistics["images"]}
        write_json(folder / "index.json", index)
    shards = sum(len(split) for split in index["splits"].values())
    print(f"{TFRECORDS}: {sum(statistics['images'].values())} examples in {shards} shards")


def write_split(folder: Path, split: str, images_per_shard: int) -> list[dict]:
    """Write the shards of one split; a split without images has none.

    Returns:
        For each shard its file, number of images, bytes and sha256.
    """
    files = {name: PREPARED / f"{split}-{name}.npy" for name in ("images", *INTEGER_FEATURES)}
    count = -(-len(read_array(files["images"])) // images_per_shard)
    shards = []
    for number in range(count):
        part = slice(number * images_per_shard, (number + 1) * images_per_shard)
        # Mapped anew for each shard, so that memory does not grow with the split.
        arrays = {name: read_array(file)[part] for name, file in files.items() if file.exists()}
        images = arrays.pop("images")
        path = folder / f"{split}-{number:05d}-of-{count:05d}.tfrecord"
        write_shard(path, images, arrays)
        shards.append(
            {"file": path.name, "images": len(images), "bytes": path.stat().st_size, "sha256": hash_file(path)}
        )
    return shards


if __name__ == "__main__":
    run(tfrecords)
