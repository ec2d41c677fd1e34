"""What the data sets are: a layout, class names, and the digests that identify them wherever they lie."""

from dataclasses import dataclass, field

from pipeline.settings.sections import FileLayoutName

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@dataclass(frozen=True)
class ArchiveDataset:
    """A data set that comes as a gzipped tar in one of CIFAR's binary layouts.

    It is identified by the sha256 of the archive or, where all are known, by the sha256 of every data file.
    """

    name: str
    layout: FileLayoutName
    url: str
    archive_sha256: str
    file_sha256: dict[str, str] = field(default_factory=dict)
    file_images: dict[str, int] = field(default_factory=dict)  # empty: any number
    classes: tuple[str, ...] = ()  # empty: as the archive names them


# The archives' digests are those that TensorFlow Datasets records for the official files.
CIFAR10 = ArchiveDataset(
    name="cifar10",
    layout="cifar10",
    url="https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    archive_sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    file_sha256={
        "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    },
    file_images={f"data_batch_{number}.bin": 10_000 for number in range(1, 6)} | {"test_batch.bin": 10_000},
    classes=CIFAR10_CLASSES,
)
CIFAR100 = ArchiveDataset(
    name="cifar100",
    layout="cifar100",
    url="https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    archive_sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    file_images={"train.bin": 50_000, "test.bin": 10_000},
)
