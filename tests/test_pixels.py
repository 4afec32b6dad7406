import io

import numpy as np
import pytest
import torch
from PIL import Image

from playground.frames import as_frame, cropped_to, from_tensor, to_tensor

RANDOM = np.random.default_rng(0)
RGB = RANDOM.integers(0, 256, (6, 8, 3), dtype=np.uint8)


def test_a_right_frame_is_returned_without_a_copy():
    assert as_frame(RGB) is RGB
    assert as_frame(RGB, size=(6, 8)) is RGB


@pytest.mark.parametrize(
    "same",
    [
        RGB / 255,
        (RGB / 255).astype(np.float32),
        RGB.transpose(2, 0, 1),
        torch.from_numpy(RGB.transpose(2, 0, 1).copy()),
        torch.from_numpy(RGB.transpose(2, 0, 1) / 255),
        Image.fromarray(RGB),
        np.concatenate([RGB, np.full((6, 8, 1), 255, np.uint8)], axis=2),
    ],
    ids=["float64", "float32", "CHW", "tensor", "float tensor", "PIL", "opaque RGBA"],
)
def test_one_picture_gives_one_frame_whatever_holds_it(same):
    np.testing.assert_array_equal(as_frame(same), RGB)


def test_a_bfloat16_tensor_is_a_frame():
    frame = as_frame(torch.ones(3, 2, 2, dtype=torch.bfloat16))
    np.testing.assert_array_equal(frame, np.full((2, 2, 3), 255))


def test_grey_becomes_three_equal_channels():
    frame = as_frame(RGB[:, :, 0])
    np.testing.assert_array_equal(frame, np.stack([RGB[:, :, 0]] * 3, axis=2))


def test_transparency_is_laid_over_white():
    clear = np.zeros((2, 2, 4), np.uint8)
    half = np.full((2, 2, 4), (0, 0, 0, 128), np.uint8)
    assert (as_frame(clear) == 255).all()
    assert (as_frame(Image.fromarray(half)) == 127).all()


def test_a_single_pixel_grows_to_the_asked_size():
    frame = as_frame(np.full((1, 1, 3), 7, np.uint8), size=(64, 48))
    assert frame.shape == (64, 48, 3)
    assert (frame == 7).all()


def test_files_and_encoded_bytes_give_their_picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(RGB).save(path)
    np.testing.assert_array_equal(as_frame(path), RGB)
    np.testing.assert_array_equal(as_frame(str(path)), RGB)
    np.testing.assert_array_equal(as_frame(path.read_bytes()), RGB)


def test_a_photo_stands_upright_as_its_orientation_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(RGB).save(tmp_path / "photo.png", exif=exif)
    assert as_frame(tmp_path / "photo.png").shape == (8, 6, 3)


BAD = {
    "wrong shape": (np.zeros((2, 3, 4, 5), np.uint8), "must have shape"),
    "a batch": (np.zeros((1, 3, 4, 5), np.uint8), r"hand in frame\[0\]"),
    "two channels": (np.zeros((8, 8, 2), np.uint8), "must have shape"),
    "one axis": (np.zeros(8, np.uint8), "must have shape"),
    "integers": (np.zeros((8, 8, 3), np.int64), "must be uint8 .* got dtype int64"),
    "truth": (np.zeros((8, 8), bool), "must be uint8 .* got dtype bool"),
    "objects": (np.full((8, 8, 3), None), "must be uint8"),
    "NaN": (np.full((8, 8, 3), np.nan), "finite"),
    "infinity": (np.full((8, 8, 3), np.inf, np.float32), "finite"),
    "levels as floats": (np.full((8, 8, 3), 200.0), "in 0..1, got 200..200"),
    "negative floats": (np.full((8, 8, 3), -1.0), "in 0..1, got -1..-1"),
    "empty": (np.zeros((0, 8, 3), np.uint8), "must not be empty"),
    "huge": (np.broadcast_to(np.uint8(0), (8192, 8192, 3)), "at most 4096 pixels"),
    "huge picture": (Image.new("1", (8192, 8192)), "at most 4096 pixels"),
    "deep picture": (Image.new("F", (8, 8)), "8 bits a channel"),
    "nothing": (None, "got NoneType"),
    "a list": ([[0]], "got list"),
    "bytes of nothing": (b"not a picture", "must be a picture that can be read"),
    "no bytes": (b"", "must be a picture that can be read"),
}


@pytest.mark.parametrize(("picture", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_picture_is_refused_with_its_name_and_the_rule(picture, message):
    with pytest.raises(ValueError, match=message):
        as_frame(picture)
    with pytest.raises(ValueError, match=r"^drawing "):
        as_frame(picture, name="drawing")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"must be a picture file that exists, got .*no\.png"
    ):
        as_frame(tmp_path / "no.png")


def test_a_file_that_is_no_picture_is_refused(tmp_path):
    (tmp_path / "text.png").write_text("hello")
    whole = io.BytesIO()
    Image.fromarray(RGB).save(whole, "PNG")
    (tmp_path / "cut.png").write_bytes(whole.getvalue()[:60])
    for name in ("text.png", "cut.png"):
        with pytest.raises(ValueError, match="must be a picture that can be read"):
            as_frame(tmp_path / name)
    with pytest.raises(ValueError, match=r"got the folder .* use playground\.frames\.Folder"):
        as_frame(tmp_path)


def test_an_enormous_file_is_refused_before_it_is_decoded(tmp_path):
    Image.new("1", (8192, 8192)).save(tmp_path / "wall.png")
    with pytest.raises(ValueError, match="at most 4096 pixels"):
        as_frame(tmp_path / "wall.png")


@pytest.mark.parametrize("size", [0, (8,), (8, 8, 3), (8.0, 8), "88", (0, 8), (8, 5000)])
def test_a_bad_size_is_refused(size):
    with pytest.raises(ValueError, match="size must"):
        as_frame(RGB, size=size)


def test_resizing_a_flat_picture_keeps_it_flat():
    flat = np.full((100, 60, 3), (10, 200, 90), np.uint8)
    for size in ((50, 30), (200, 120), (7, 300)):
        np.testing.assert_array_equal(as_frame(flat, size), np.full((*size, 3), (10, 200, 90)))


def test_cropping_takes_the_middle_and_stretches_nothing():
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    assert (cropped_to(wide, (20, 20)) == 255).all()


def test_frame_to_tensor_and_back_is_the_same_frame():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    frame = np.stack([levels] * 3, axis=2)
    tensor = to_tensor(frame)
    assert tensor.shape == (1, 3, 16, 16)
    torch.testing.assert_close(tensor.amin(), torch.tensor(-1.0))
    torch.testing.assert_close(tensor.amax(), torch.tensor(1.0))
    np.testing.assert_array_equal(from_tensor(tensor)[0], frame)


def test_pixels_outside_the_range_are_clipped():
    wild = torch.tensor([-7.0, 7.0, torch.nan]).view(1, 3, 1, 1)
    np.testing.assert_array_equal(from_tensor(wild), [[[[0, 255, 0]]]])


@pytest.mark.parametrize("frame", [RGB[:, :, 0], RGB.astype(np.float32), RGB[:, :, :2]])
def test_to_tensor_takes_frames_only(frame):
    with pytest.raises(Exception, match="frame"):
        to_tensor(frame)
