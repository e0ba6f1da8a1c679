"""Letters over one SMTP session, told an envelope at once or command by command, by servers that
refuse, close, fall silent or talk nonsense at any point of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.ports import HOST
from services.notifier.composing import Letter
from services.notifier.delivery import Accepted, Answer, Never, NotNow
from services.notifier.session import Reply, replies, stuffed
from services.notifier.settings import Settings
from services.notifier.smtp import Smtp

pytestmark = pytest.mark.anyio

HANG_UP, SILENCE = "hang up", "silence"
TEXT = b"Subject: hello\r\n\r\n.one dot\r\nand two\r\n"


class Talk:
    """A server that says what it is told to: an answer for each command, 250 for all others."""

    def __init__(self, *, pipelining: bool, **answers: str) -> None:
        self.pipelining = pipelining
        self.answers = answers
        self.once: dict[str, str] = {}
        self.heard: list[str] = []
        self.texts: list[bytes] = []
        self.sessions = 0
        self.port = 0

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        writer.write(b"220 talk\r\n")
        try:
            while line := (await reader.readline()).decode():
                await self._answer(line.strip(), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        verb = line.split(" ", 1)[0].split(":", 1)[0]
        self.heard.append(verb)
        usual = {"EHLO": self._hello(), "DATA": "354 go on"}.get(verb, "250 fine")
        said = self.once.pop(verb, None) or self.answers.get(verb, usual)
        self._say(said, writer)
        if verb == "DATA" and said.startswith("354"):
            lines = []
            while (text := await reader.readline()) != b".\r\n":
                if not text:
                    return
                lines.append(text)
            self.texts.append(b"".join(lines))
            self.heard.append(".")
            self._say(self.answers.get("dot", "250 taken"), writer)

    def _hello(self) -> str:
        return "250-talk\r\n250-PIPELINING\r\n250 8BITMIME" if self.pipelining else "250 talk"

    def _say(self, said: str, writer: asyncio.StreamWriter) -> None:
        if said == HANG_UP:
            raise ConnectionError
        if said != SILENCE:
            writer.write(f"{said}\r\n".encode())
        if said.startswith("421"):
            raise ConnectionError


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[Smtp]:
    server = await asyncio.start_server(talk.session, HOST, 0)
    talk.port = server.sockets[0].getsockname()[1]
    settings = Settings.model_validate(
        {
            "secret_key": "0" * 32,
            "database_url": "sqlite+aiosqlite://",
            "smtp_host": HOST,
            "smtp_port": talk.port,
            "smtp_timeout": 0.3,
            "smtp_data_timeout": 0.3,
        }
    )
    transport = Smtp(settings)
    try:
        yield transport
    finally:
        await transport.close()
        server.close()


def letter() -> Letter:
    return Letter("desk@market.example", "reader@example.org", "<1@market.example>", TEXT, False)


def refused(code: str) -> Callable[[Answer], bool]:
    kind = Never if code.startswith("5") else NotNow
    return lambda answer: isinstance(answer, kind) and answer.reason.startswith(code)


BOTH = pytest.mark.parametrize("pipelining", [True, False], ids=["at once", "one by one"])


@BOTH
async def test_letters_arrive_as_they_are_over_one_session(pipelining: bool) -> None:
    talk = Talk(pipelining=pipelining)
    async with talking(talk) as smtp:
        for _ in range(3):
            assert isinstance(await smtp.deliver(letter()), Accepted)
    assert talk.texts == [TEXT.replace(b"\r\n.", b"\r\n..")] * 3
    assert talk.sessions == 1


@BOTH
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("reply", ["550 5.1.1 no", "451 4.3.0 later"])
async def test_a_refusal_anywhere_is_told_and_the_session_takes_the_next_letter(
    pipelining: bool, verb: str, reply: str
) -> None:
    talk = Talk(pipelining=pipelining, **{verb: reply})
    async with talking(talk) as smtp:
        assert refused(reply)(await smtp.deliver(letter()))
        del talk.answers[verb]
        assert isinstance(await smtp.deliver(letter()), Accepted)
    # The text of the refused one went nowhere, unless it is what was refused; an empty one may be
    # how the server was told that there is none.
    assert [text for text in talk.texts if text] == [TEXT.replace(b"\r\n.", b"\r\n..")] * (
        2 if verb == "dot" else 1
    )
    assert talk.sessions == 1


@BOTH
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("how", [HANG_UP, SILENCE, "421 4.3.2 closing", "nonsense"])
async def test_a_session_that_ends_anywhere_bounces_nothing_and_a_new_one_takes_the_letter(
    pipelining: bool, verb: str, how: str
) -> None:
    talk = Talk(pipelining=pipelining, **{verb: how})
    async with talking(talk) as smtp:
        assert isinstance(await smtp.deliver(letter()), NotNow)
        talk.answers.clear()
        assert isinstance(await smtp.deliver(letter()), Accepted)


@BOTH
async def test_a_session_that_the_server_ended_meanwhile_costs_nothing(pipelining: bool) -> None:
    talk = Talk(pipelining=pipelining)
    async with talking(talk) as smtp:
        assert isinstance(await smtp.deliver(letter()), Accepted)
        talk.once["MAIL"] = "421 4.4.2 idle for too long"
        assert isinstance(await smtp.deliver(letter()), Accepted)
    assert talk.sessions == 2


async def test_what_the_envelope_is_refused_for_is_told_although_the_server_waits_for_text() -> (
    None
):
    talk = Talk(pipelining=True, RCPT="550 5.1.1 no such user", DATA="354 go on")
    async with talking(talk) as smtp:
        assert refused("550 5.1.1")(await smtp.deliver(letter()))
        assert talk.texts == [b""]


async def test_no_address_makes_a_second_command() -> None:
    async with talking(talk := Talk(pipelining=True)) as smtp:
        with pytest.raises(ValueError, match="control characters"):
            await smtp.deliver(letter()._replace(recipient="a@b.example>\r\nRCPT TO:<c@d.example"))
    assert "RCPT" not in talk.heard


LINES = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=40)
SAID = st.lists(st.tuples(st.integers(200, 599), st.lists(LINES, min_size=1, max_size=4)))


@given(SAID, st.lists(st.integers(0, 2000)))
def test_replies_are_the_same_however_they_are_cut(
    said: list[tuple[int, list[str]]], cuts: list[int]
) -> None:
    sent = b""
    for code, lines in said:
        marks = ["-"] * (len(lines) - 1) + [" "]
        for line, mark in zip(lines, marks, strict=True):
            sent += f"{code}{mark}{line}\r\n".encode()
    places = sorted({0, *(cut for cut in cuts if cut < len(sent)), len(sent)})
    found: list[Reply] = []
    rest = b""
    for begin, end in pairwise(places):
        some, rest = replies(rest + sent[begin:end])
        found += some
    assert rest == b""
    assert found == [Reply(code, "\n".join(each.strip() for each in lines)) for code, lines in said]


def test_nothing_in_a_text_can_end_it() -> None:
    text = stuffed(b".\r\nQUIT\r\n.\r\na\n.\nb\r.\rc")
    assert b"\r\n.\r\n" not in b"\r\n" + text
    assert text.count(b"\r\n") == text.count(b"\r") == text.count(b"\n")
