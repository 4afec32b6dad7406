"""What a clip says of itself: settings as JSON inside the file, and reading them back.

mp4 and gif have a comment, png a text chunk "Comment", webp an EXIF description, a zip the file
settings.json. The text is plain ASCII, so no format has to guess its encoding.
"""

import json
import re
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

MAX_CHARACTERS = 60_000  # what a command line and a GIF's comment take without trouble
EXIF_DESCRIPTION = 0x010E
UNQUOTED = re.compile(r"\\(.)", re.DOTALL)


def checked_about(about: Any) -> str:
    """JSON of the settings, "" for None."""
    if about is None:
        return ""
    if not isinstance(about, Mapping):
        raise ValueError(f"about must be a mapping of settings, got {type(about).__name__}")
    try:
        text = json.dumps(dict(about))
    except (TypeError, ValueError) as error:
        raise ValueError(f"about must be plain values that JSON can hold, got {error}") from error
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"about must be at most {MAX_CHARACTERS} characters of JSON, got {len(text)}; "
            "leave long lists out"
        )
    return text


def about_clip(path: str | Path) -> dict[str, Any] | None:
    """The settings inside a clip; None where it says nothing that we wrote."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"clip must be a file that exists, got {str(path)!r}")
    readers = {".mp4": _of_film, ".zip": _of_zip}
    text = readers.get(path.suffix.lower(), _of_picture)(path)
    try:
        about = json.loads(text or "null")
    except ValueError:  # somebody else's comment
        return None
    return about if isinstance(about, dict) else None


def png_text(about: str) -> PngInfo | None:
    """The text chunk of a png."""
    if not about:
        return None
    info = PngInfo()
    info.add_text("Comment", about)
    return info


def exif_of(about: str) -> bytes:
    """The EXIF block of a webp."""
    exif = Image.Exif()
    exif[EXIF_DESCRIPTION] = about
    return exif.tobytes()


def _of_picture(path: Path) -> str:
    try:
        with Image.open(path) as picture:
            text = picture.info.get("Comment") or picture.info.get("comment")
            text = text or picture.getexif().get(EXIF_DESCRIPTION) or ""
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"clip must be a picture that can be read, got {str(path)!r}") from error
    return text.decode("ascii", "replace") if isinstance(text, bytes) else str(text)


def _of_film(path: Path) -> str:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(path)]
    told = subprocess.run([*command, "-f", "ffmetadata", "-"], capture_output=True, timeout=60)
    if told.returncode:
        raise ValueError(f"clip must be a film that can be read, got {str(path)!r}")
    lines = told.stdout.decode("utf-8", "replace").replace("\\\n", "\n")
    found = re.search(r"^comment=(.*)$", lines, re.MULTILINE)
    return UNQUOTED.sub(r"\1", found[1]) if found else ""


def _of_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as file:
            return file.read("settings.json").decode() if "settings.json" in file.namelist() else ""
    except zipfile.BadZipFile as error:
        raise ValueError(f"clip must be a zip that can be read, got {str(path)!r}") from error
