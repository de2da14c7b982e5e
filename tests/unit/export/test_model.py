from __future__ import annotations

from tests.support.every import for_each

from poetry_aiops.export.model import relative_to_file
from poetry_aiops.system.addresses import public_address


@for_each(
    ("url", "harmless"),
    [
        ("https://user:secret@host.example/simple", "https://host.example/simple"),
        ("https://token@host.example/simple", "https://host.example/simple"),
        ("ssh://git@host.example/a.git", "ssh://git@host.example/a.git"),
        ("ssh://git:secret@host.example/a.git", "ssh://git@host.example/a.git"),
        ("git+ssh://git@host.example/a.git", "git+ssh://git@host.example/a.git"),
        ("https://host.example/a@b", "https://host.example/a@b"),
        ("git@host.example:a.git", "git@host.example:a.git"),
    ],
)
def test_no_password_and_no_token_stays_in_an_address(url: str, harmless: str) -> None:
    assert public_address(url) == harmless


def test_a_path_is_written_as_seen_from_the_file() -> None:
    assert relative_to_file("config/requirements/dev.txt", "config/requirements/base.txt") == "base.txt"
    assert relative_to_file("docker/gpu.txt", "requirements.txt") == "../requirements.txt"
    assert relative_to_file("pylock.toml", "../beside") == "../beside"
