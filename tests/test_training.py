"""Training recipes on toy settings: they resume, they write what the readers read, their maths holds."""

import argparse

import pytest
import torch
from diffusers import AutoencoderTiny

from playground.models.judge import Judge
from playground.training import assemble, codec, decoder, distill, image, judge, loop
from playground.training.critic import Critic, critic_loss
from playground.training.distill import pseudo_huber
from playground.training.muon import NEWTON_SCHULZ, _directly, _gathered, orthogonalised
from playground.training.pictures import PicturePool, to_floats
from playground.training.words import build_tokenizer
from playground.world.vocabulary import WORDS


def arguments(module, out, **changes):
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    options = vars(parser.parse_args([])) | {"out": out} | changes
    return argparse.Namespace(**options)


@pytest.fixture(scope="module")
def tiny_codec(tmp_path_factory):
    out = tmp_path_factory.mktemp("codec")
    codec.run(arguments(codec, out, steps=3, pool=12, batch=4))
    return out


def test_a_training_resumes_where_it_stopped(tiny_codec):
    recipe = codec.CodecRecipe(arguments(codec, tiny_codec, steps=5, pool=12, batch=4))
    assert recipe.step == 3
    reports = list(recipe)
    assert [r.step for r in reports] == [4, 5]
    assert reports[-1].samples == 20


def test_a_codec_halves_its_error_in_sixty_steps(tmp_path):
    torch.manual_seed(0)
    args = argparse.Namespace(out=tmp_path, seed=0, channels=4, lr=3e-3, steps=60, pool=32, batch=8,
                              init=None, freeze_encoder=False)  # fmt: skip
    losses = [sum(r.losses.values()) for r in codec.CodecRecipe(args)]
    assert losses[-1] < 0.5 * losses[0]


def test_the_teacher_writes_a_checkpoint_that_it_reads(tiny_codec, tmp_path):
    options = {"codec": tiny_codec / "vae", "steps": 2, "pool": 8, "batch": 4, "sheet_every": 10}
    image.run(arguments(image, tmp_path, **options))
    again = image.ImageRecipe(arguments(image, tmp_path, **options))
    assert again.step == 2
    assert list(again) == []


def test_timesteps_are_stratified():
    t = image.stratified_timesteps(50).sort().values
    torch.testing.assert_close(t // 20, torch.arange(50))


def test_every_word_is_one_token_and_any_text_can_be_encoded():
    tokenizer = build_tokenizer(WORDS)
    assert all(len(tokenizer(word).input_ids) == 3 for word in WORDS)
    assert len(tokenizer("zebra crossing").input_ids) > 4


def test_orthogonalising_gathers_the_same_polynomials():
    torch.manual_seed(0)
    x = torch.randn(2, 12, 40)
    a, b, c = NEWTON_SCHULZ
    start = expected = x / x.flatten(1).norm(dim=1)[:, None, None]
    for _ in range(4):
        gram = expected @ expected.mT
        expected = a * expected + (b * gram + c * gram @ gram) @ expected
    torch.testing.assert_close(_gathered(start, 4), expected, atol=1e-4, rtol=1e-4)
    in_half = _directly(start.bfloat16(), 4).float()
    torch.testing.assert_close(in_half, expected, atol=0.05, rtol=0)
    torch.testing.assert_close(orthogonalised(x, 4), expected, atol=0.05, rtol=0)
    singular = torch.linalg.svdvals(orthogonalised(x.mT, 5))
    assert singular.min() > 0.5 and singular.max() < 1.3


def test_learning_rate_warms_up_stays_and_decays():
    rates = [loop.decayed(s, 1000, warmup=10, flat=0.5) for s in (0, 9, 400, 750, 1000)]
    torch.testing.assert_close(torch.tensor(rates), torch.tensor([0.1, 1.0, 1.0, 0.51, 0.02]))


def test_the_average_follows_the_module():
    module = torch.nn.Linear(2, 2)
    average = loop.Average(module, 0.5)
    target = {k: v + 1 for k, v in module.state_dict().items()}
    module.load_state_dict(target)
    for _ in range(40):
        average.update(module)
    torch.testing.assert_close(average.copy_to(torch.nn.Linear(2, 2)).weight, module.weight)


def test_a_critic_learns_to_prefer_real_over_false():
    torch.manual_seed(0)
    critic, prompt = Critic(4, 8, width=16), torch.randn(8, 8)
    real, false = torch.ones(8, 4, 16, 16), -torch.ones(8, 4, 16, 16)
    optimizer = torch.optim.Adam(critic.parameters(), 1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        critic_loss(critic, real, false, prompt).backward()
        optimizer.step()
    assert critic(real, prompt).mean() > critic(false, prompt).mean() + 0.5


def test_student_and_decoder_learn_from_the_teacher_and_leave_the_encoder_alone(
    tiny_codec, tmp_path
):
    teacher, common = tmp_path / "teacher", {"codec": tiny_codec / "vae", "pool": 8, "batch": 4}
    image.run(arguments(image, teacher, **common, steps=1, sheet_every=10))
    options = common | {"teacher": teacher, "student": tmp_path / "student", "distill_steps": 2}
    distill.run(arguments(distill, tmp_path, **options, sheet_every=10))
    assert loop.load_checkpoint(tmp_path / "student" / "checkpoint.pt")["step"] == 2
    folder = tmp_path / "assembled"
    parts = argparse.Namespace(**{**vars(arguments(distill, tmp_path, **options)), "folder": folder})
    assemble.run(argparse.Namespace(**vars(parts), undistilled=False))
    sharper = arguments(decoder, tmp_path / "decoder", init=folder, pool=8, batch=4, sheet_every=10)
    for steps in (1, 2):  # the second time it goes on
        decoder.run(argparse.Namespace(**{**vars(sharper), "steps": steps}))
    state = loop.load_checkpoint(tmp_path / "decoder" / "checkpoint.pt")
    assert state["step"] == 2 and state["optimizer"]["state"][0]["step"] == 2
    before = AutoencoderTiny.from_pretrained(folder / "vae").state_dict()
    after = AutoencoderTiny.from_pretrained(tmp_path / "decoder" / "model" / "vae").state_dict()
    moved = {name.split(".")[0] for name in before if not torch.equal(after[name], before[name])}
    assert moved == {"decoder"}


def test_pseudo_huber_is_zero_at_zero_and_grows_like_the_norm():
    far = torch.full((1, 4, 2, 2), 10.0)
    torch.testing.assert_close(pseudo_huber(torch.zeros_like(far)), torch.zeros(1))
    torch.testing.assert_close(pseudo_huber(far), torch.tensor([9.97]), atol=1e-3, rtol=0)


def test_the_pool_renews_its_oldest_pictures():
    pool = PicturePool(6, seed=0)
    before = pool.pixels.copy()
    pool.draw(2, renew=2)
    changed = (pool.pixels != before).any(axis=(1, 2, 3))
    assert changed.tolist() == [True, True, False, False, False, False]
    assert to_floats(pool.draw(3)).shape == (3, 3, 64, 64)


def test_a_judge_learns_backgrounds_in_a_few_steps_and_keeps_its_names(tmp_path):
    judged = Judge(judge.OBJECTS, judge.BACKGROUNDS)
    for _ in judge.train(30, pool=64, judge=judged):
        pass
    assert judge.accuracy(judged, 60)[1] > 0.3
    judged.save(tmp_path / "judge.safetensors")
    again = Judge.load(tmp_path / "judge.safetensors")
    assert again.objects == judge.OBJECTS
    pictures = torch.randint(0, 255, (4, 96, 96, 3), dtype=torch.uint8)
    assert again.name(pictures) == judged.eval().half().float().name(pictures)


def test_a_missing_judge_names_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match="playground train judge"):
        Judge.load(tmp_path / "none.safetensors")
