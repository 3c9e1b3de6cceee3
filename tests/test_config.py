"""Settings: every mistake at once, where it stands and what to do; secrets only from the environment."""

from __future__ import annotations

import tomllib
from pathlib import Path

import httpx
import pytest

from bot.app import House
from bot.config import Settings, default_file, load
from bot.config_schema import SECRETS
from bot.errors import ConfigError
from handlers.web import make_app


def written(folder: Path, text: str) -> Path:
    """A config.toml."""
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return file


def refused(file: Path, **environ: str) -> list[str]:
    """What is said about a file."""
    with pytest.raises(ConfigError) as caught:
        load(file, environ=environ)
    return str(caught.value).splitlines()


def test_the_shipped_file_is_whole_and_explains_every_key() -> None:
    """It gives every default, and each key has a comment above it or in its group."""
    settings = load(default_file(), environ={})
    assert settings.calls.open == ("mca", "people")
    raw = tomllib.loads(default_file().read_text("utf-8"))
    assert set(raw) == set(Settings.model_fields)
    for table, values in raw.items():
        fields = set(Settings.model_fields[table].annotation.model_fields)  # type: ignore[union-attr]
        assert set(values) == fields - (set(SECRETS) if table == "telegram" else set()), table
    lines = default_file().read_text("utf-8").splitlines()
    for n, line in enumerate(lines):
        if line.startswith("["):
            assert lines[n + 1].startswith("#"), line


def test_what_a_file_does_not_say_stays_as_shipped(tmp_path: Path) -> None:
    """A short file changes what it names; the data folder is found from the file's own folder."""
    settings = load(written(tmp_path, '[site]\nport = 9001\ndata = "here"\n'), environ={})
    assert settings.site.port == 9001
    assert settings.site.root == "云溪县"
    assert settings.data == tmp_path / "here"
    assert settings.database_place == str(tmp_path / "here" / "anlitong.db")


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """Unknown keys, wrong types, values out of range: one line each, with file and key."""
    file = written(
        tmp_path,
        """
[site]
port = "80"
colour = 3
root_level = "国"
root = "甲/乙"
url = "ftp://x"
[database]
url = "mysql://x"
[office]
answer_days = 0
keep_until = "2027"
[calls]
open = "mca"
[calls.mca.office]
fone = "1"
""",
    )
    lines = refused(file)
    for key in (
        "site.port",
        "site.colour",
        "site.root_level",
        "site.root",
        "site.url",
        "database.url",
        "office.answer_days",
        "office.keep_until",
        "calls.open",
        "calls.mca.office.fone",
    ):
        assert any(line.startswith(f"{file}: {key}: ") and line.endswith("。") for line in lines), (key, lines)
    assert len(lines) == 10


def test_the_environment_wins_and_is_named(tmp_path: Path) -> None:
    """ANLITONG_SITE__PORT stands for a key; texts are taken as they are, and mistakes name the environment."""
    environ = {
        "ANLITONG_SITE__PORT": "9100",
        "ANLITONG_OFFICE__PHONE": "12345678",
        "ANLITONG_CALLS__OPEN": '["mca"]',
        "ANLITONG_CALLS__MCA__OFFICE__CONTACT": "王芳",
        "ANLITONG_NOTHING_SKIPPED": "1",
    }
    settings = load(written(tmp_path, "[site]\nport = 9001\n"), environ=environ)
    assert (settings.site.port, settings.office.phone, settings.calls.open) == (9100, "12345678", ("mca",))
    assert settings.office_of("mca").contact == "王芳"
    assert settings.office_of("people").contact == settings.office.contact
    assert refused(written(tmp_path, ""), ANLITONG_SITE__COLOR="x") == [
        "环境变量: site.color: 没有这一项，请核对拼写或删去。"
    ]


def test_the_command_line_wins_over_all(tmp_path: Path) -> None:
    """--host, --port and --data."""
    environ = {"ANLITONG_SITE__PORT": "9100"}
    settings = load(None, data=str(tmp_path), host="0.0.0.0", port=7, environ=environ)
    assert (settings.data, settings.site.host, settings.site.port) == (tmp_path, "0.0.0.0", 7)
    assert not settings.site.loopback


def test_passwords_stay_out_of_the_file(tmp_path: Path) -> None:
    """A URL with a password is refused in the file and taken from the environment; the sentence has no password."""
    file = written(tmp_path, '[database]\nurl = "postgresql://me:geheim@db/x"\n')
    lines = refused(file)
    assert lines[0].startswith(f"{file}: database.url: ")
    assert "geheim" not in "".join(lines)
    place = load(None, environ={"ANLITONG_DATABASE__URL": "postgresql://me:geheim@db/x"}).database_place
    assert place == "postgresql://me:geheim@db/x"


@pytest.mark.parametrize(
    ("office", "keys"),
    [
        ("", ["office.phone"]),
        ('phone = "0000-7654321"', []),
        ('phone = "0000-7654321"\ncontact = " "', ["office.contact"]),
        ('phone = "0000-7654321"\n[calls.mca.office]\nphone = "0000-1234567"', ["calls.mca.office.phone"]),
    ],
)
def test_a_public_address_needs_a_real_contact(tmp_path: Path, office: str, keys: list[str]) -> None:
    """The shipped contact may be tried out on one's own machine, and nowhere else."""
    text = f'[site]\nurl = "{{}}"\n[office]\n{office}\n'
    load(written(tmp_path, text.format("http://127.0.0.1:8000")), environ={}) if "contact" not in office else None
    file = written(tmp_path, text.format("https://anli.example.gov.cn"))
    if keys:
        assert [line.split(": ")[1] for line in refused(file)] == keys
    else:
        assert load(file, environ={}).site.public


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, not UTF-8, not TOML: a sentence each."""
    assert "没有这个文件" in refused(tmp_path / "nowhere.toml")[0]
    assert "TOML写法" in refused(written(tmp_path, "[site\n"))[0]
    (tmp_path / "config.toml").write_bytes("[site]\nname = '案例'".encode("gb18030"))
    assert "UTF-8" in refused(tmp_path / "config.toml")[0]
    assert "没有这个文件夹" in refused(written(tmp_path, '[calls]\nfolder = "nowhere"\n'))[0]


def test_the_command_line_wins_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without config.toml the shipped file stands in, under what was typed."""
    monkeypatch.chdir(tmp_path)
    settings = load(data="here", port=7, environ={})
    assert (settings.data, settings.site.port) == (tmp_path / "here", 7)
    assert load(environ={}).data == tmp_path / "data"


async def test_what_one_network_address_may_send_is_a_setting(tmp_path: Path) -> None:
    """Everybody behind it together; the answer says when to come again. Out of range it is refused."""
    file = written(tmp_path, "[limits]\naddress_per_minute = 4\n")
    async with House(load(file, environ={}), busy=False) as house:
        app = make_app(house.doors, house.web_settings(), house.wording, house.world)
        behind = httpx.ASGITransport(app, client=("203.0.113.9", 1))
        other = httpx.ASGITransport(app, client=("203.0.113.10", 1))
        mine = {"X-Anlitong": "1"}
        async with (
            httpx.AsyncClient(transport=behind, base_url="http://here", headers=mine) as office,
            httpx.AsyncClient(transport=other, base_url="http://here", headers=mine) as home,
        ):
            answers = [await office.post("/api/join", json={}) for _ in range(5)]
            assert [answer.status_code for answer in answers] == [401] * 4 + [429]
            assert int(answers[-1].headers["retry-after"]) >= 1 and answers[-1].json()["error"].endswith("。")
            assert (await home.post("/api/join", json={})).status_code == 401
    line = refused(written(tmp_path, "[limits]\naddress_per_minute = 0\n"))[0]
    assert "limits.address_per_minute" in line and "不小于1" in line
