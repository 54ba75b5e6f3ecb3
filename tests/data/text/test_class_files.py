"""Language files: where they are found, how they are read, and what is wrong with malformed ones."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from seqlab.data.text.class_files import ClassFiles, find
from seqlab.errors import DataError

FILES = {"Greek": b"Galanos\nKalogeras\n", "Irish": b"Doyle\nKelly\n"}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for language, content in files.items():
        (folder / f"{language}.txt").write_bytes(content)
    return folder


def write_zip(path: Path, files: dict[str, bytes], below: str = "data/names") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for language, content in files.items():
            archive.writestr(f"{below}/{language}.txt", content)
    return path


def reader(path: Path) -> ClassFiles:
    return ClassFiles(path, column="language", long=100)


def read_files(path: Path) -> dict[str, bytes]:
    return dict(reader(path)._contents())


@pytest.fixture
def parsed(tmp_path):
    """Return a function that reads files of these contents as (text, class), and the reader's findings."""

    def read(**files: str | bytes) -> tuple[list[tuple[str, str]], dict[str, int]]:
        folder = tmp_path / f"files{len(list(tmp_path.iterdir()))}"
        write(
            folder,
            {
                name: content.encode() if isinstance(content, str) else content
                for name, content in files.items()
            },
        )
        made = reader(folder)
        return [(record.text, *record.labels) for record in made.records()], dict(made.findings)

    return read


@pytest.mark.parametrize("below", ["data/names", "names", "."])
def test_a_folder_is_found_at_or_below_the_root(tmp_path, below):
    write(tmp_path / below, FILES)
    assert find(tmp_path) == tmp_path / below
    assert read_files(find(tmp_path)) == FILES


@pytest.mark.parametrize("below", ["data/names", "names", "anything/names"])
def test_an_archive_is_found_in_the_root_and_as_the_root(tmp_path, below):
    archive = write_zip(tmp_path / "names.zip", FILES, below)
    assert find(tmp_path) == find(archive) == archive
    assert read_files(archive) == FILES


def test_an_archive_may_have_any_name_if_it_is_the_root(tmp_path):
    archive = write_zip(tmp_path / "surnames-v2.zip", FILES)
    assert find(archive) == archive
    assert find(tmp_path) is None


@pytest.mark.parametrize("files", [{}, {"README": b"one lonely file"}])
def test_nothing_is_found_where_there_are_no_language_files(tmp_path, files):
    write(tmp_path, files)
    assert find(tmp_path) is None
    assert find(tmp_path / "missing") is None


def test_a_file_that_is_no_archive_is_not_found(tmp_path):
    (tmp_path / "names.csv").write_text("Doyle,Irish\n")
    assert find(tmp_path / "names.csv") is None


def test_other_files_of_an_archive_are_left_out(tmp_path):
    path = write_zip(tmp_path / "names.zip", FILES)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("data/names/README.md", "about")
        archive.writestr("data/eng-fra.txt", "go\tva\n")
        archive.writestr("__MACOSX/data/names/._Irish.txt", b"\x00\x05")
    assert read_files(path) == FILES


@pytest.mark.parametrize("content", [b"", b"this is no archive", b"PK\x03\x04 and then nothing"])
def test_a_broken_archive_is_an_error_that_names_it(tmp_path, content):
    path = tmp_path / "names.zip"
    path.write_bytes(content)
    assert find(tmp_path) == path
    with pytest.raises(DataError, match=r"names\.zip cannot be read: .*; download or save it again"):
        read_files(path)


def test_an_archive_with_a_wrong_checksum_is_an_error(tmp_path):
    path = write_zip(tmp_path / "names.zip", FILES)
    path.write_bytes(path.read_bytes().replace(b"Galanos", b"Galanox"))
    with pytest.raises(DataError, match=r"names\.zip cannot be read: Bad CRC-32.*Greek\.txt"):
        read_files(path)


def damaged(content: bytes) -> bytes:
    """Overwrite compressed bytes of the first file."""
    return content[:60] + bytes(range(100)) + content[160:]


def encrypted(content: bytes) -> bytes:
    """Set the flag of encryption in both headers of the first file."""
    local, central = content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8
    changed = bytearray(content)
    changed[local] |= 1
    changed[central] |= 1
    return bytes(changed)


@pytest.mark.parametrize("change", [damaged, encrypted])
def test_an_archive_whose_files_cannot_be_unpacked_is_an_error(tmp_path, change):
    lines = "\n".join(f"Kalogeras{number * 7919}" for number in range(300)).encode()
    path = tmp_path / "names.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("names/Greek.txt", lines)
        archive.writestr("names/Irish.txt", lines)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=r"names\.zip cannot be read"):
        read_files(path)


def test_a_language_file_that_cannot_be_read_is_an_error_that_names_it(tmp_path):
    write(tmp_path, FILES)
    (tmp_path / "Korean.txt").mkdir()
    with pytest.raises(DataError, match=r"Korean\.txt"):
        read_files(tmp_path)


def test_a_folder_or_archive_without_any_file_is_an_error(tmp_path):
    archive = write_zip(tmp_path / "names.zip", {})
    for path in (archive, tmp_path):
        with pytest.raises(DataError, match=r"has no <Class>.txt; put one file per class there"):
            read_files(path)


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_two_files_that_differ_only_in_case_are_an_error(tmp_path, kind):
    files = FILES | {"irish": b"Walsh\nByrne\n"}
    path = write(tmp_path, files) if kind == "folder" else write_zip(tmp_path / "names.zip", files)
    if len(list(tmp_path.glob("*.txt"))) == 2:
        pytest.skip("this file system does not tell cases apart")
    with pytest.raises(DataError, match=r"'Irish.txt' and 'irish.txt' are the same class; keep one"):
        read_files(path)


def test_names_are_read_in_order_with_their_language(parsed):
    assert parsed(Greek="Galanos\nKalogeras\n", Irish="Doyle\nKelly")[0] == [
        ("Galanos", "Greek"),
        ("Kalogeras", "Greek"),
        ("Doyle", "Irish"),
        ("Kelly", "Irish"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"Doyle\r\nKelly\r\n",
        b"\xef\xbb\xbfDoyle\nKelly\n",
        b"Doyle\t\n  Kelly  \n",
        b"\tDoyle \r\n\tKelly\t\r\n",
        "\u00a0Doyle\nKelly\u3000\n".encode(),
        b"Doyle\rKelly",
    ],
)
def test_line_ends_marks_and_blanks_around_a_name_are_no_part_of_it(content, parsed):
    assert parsed(Irish=content) == ([("Doyle", "Irish"), ("Kelly", "Irish")], {})


def test_equal_lines_are_all_kept(parsed):
    assert parsed(Irish="Doyle\nDoyle\nKelly\n")[0] == [
        ("Doyle", "Irish"),
        ("Doyle", "Irish"),
        ("Kelly", "Irish"),
    ]


@pytest.mark.parametrize(
    ("content", "count"),
    [(b"", 0), (b"\n\n  \n", 0), (b"Doyle", 1), (b"\n\nDoyle\n", 1), (b"\xef\xbb\xbf", 0)],
)
def test_a_file_with_fewer_than_two_names_is_an_error(content, count, parsed):
    with pytest.raises(DataError, match=rf"Irish\.txt has {count} text\(s\); add more, or remove the file"):
        parsed(Greek="Galanos\nKalogeras\n", Irish=content)


@pytest.mark.parametrize(
    ("content", "byte", "offset"),
    [
        ("Nuñez\nKelly\n".encode("latin-1"), "f1", 2),
        ("Doyle\nKelly\n".encode("utf-16"), "ff", 0),
        (b"Doyle\nKelly\n\x80", "80", 12),
    ],
)
def test_a_file_that_is_not_utf8_is_an_error_with_the_byte_and_its_offset(content, byte, offset, parsed):
    with pytest.raises(DataError, match=rf"Irish\.txt is not UTF-8: byte 0x{byte} at offset {offset}; save"):
        parsed(Irish=content)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("Do\x00yle\nKelly\n", 1),
        ("Doyle\nKelly\n\nByr\tne\n", 4),
        ("Doyle\r\nKe\x07lly\r\n", 2),
        ("A\n\x7f\nB", 2),
    ],
)
def test_a_control_character_is_an_error_with_its_line(content, line, parsed):
    with pytest.raises(DataError, match=rf"Irish\.txt, line {line}: a control character in "):
        parsed(Irish=content)


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85"])
def test_a_control_character_that_python_takes_for_a_line_end_is_an_error_too(character, parsed):
    with pytest.raises(DataError, match=r"Irish\.txt, line 2: a control character in "):
        parsed(Irish=f"Kelly\nDo{character}yle\nWalsh\n")


def test_blank_lines_are_skipped_and_counted(parsed):
    texts, findings = parsed(Greek="\nGalanos\n\n \nKalogeras\n", Irish="Doyle\nKelly\n\n")
    assert len(texts) == 4
    assert findings == {"blank lines were skipped": 4}


@pytest.mark.parametrize(("length", "warned"), [(100, 0), (101, 1)])
def test_a_line_of_over_a_hundred_characters_is_counted(length, warned, parsed):
    texts, findings = parsed(Irish=f"{'x' * length}\nKelly\n")
    assert len(texts) == 2
    assert sum(findings.values()) == warned
    assert not warned or "longer than 100 characters" in next(iter(findings))


@pytest.mark.parametrize(
    ("files", "same"),
    [
        ({"Irish": FILES["Irish"], "Greek": FILES["Greek"]}, True),
        ({"Greek": FILES["Greek"]}, False),
        (FILES | {"Irish": b"Doyle\nKelli\n"}, False),
        ({"Greek": FILES["Greek"], "Welsh": FILES["Irish"]}, False),
        ({"Greek": FILES["Greek"] + b"Doyle\n", "Irish": b"Kelly\n"}, False),
    ],
)
def test_the_fingerprint_tells_every_content_and_name_but_no_order(files, same, tmp_path):
    content = b"Greek\x0018\x00Galanos\nKalogeras\nIrish\x0012\x00Doyle\nKelly\n"
    first = reader(write(tmp_path / "first", FILES)).fingerprint()
    assert first == hashlib.sha256(content).hexdigest()
    assert (reader(write(tmp_path / "other", files)).fingerprint() == first) == same
    assert reader(write_zip(tmp_path / "names.zip", FILES)).fingerprint() == first


def test_loose_text_files_do_not_hide_the_archive(tmp_path):
    (tmp_path / "README.txt").write_text("read me\n")
    (tmp_path / "LICENSE.txt").write_text("free\n")
    with zipfile.ZipFile(tmp_path / "names.zip", "w") as archive:
        archive.writestr("names/Irish.txt", "Doyle\nKelly\n")
    assert find(tmp_path) == tmp_path / "names.zip"


def test_an_archive_may_hold_its_files_at_the_top(tmp_path):
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Irish.txt", "Doyle\nKelly\n")
    assert read_files(path) == {"Irish": b"Doyle\nKelly\n"}
