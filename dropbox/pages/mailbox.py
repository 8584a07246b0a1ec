"""Open a mailbox with a receipt code and write again: /kotak and /kotak/pesan."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Blueprint, Response, g, request
from flask_babel import lazy_gettext
from markupsafe import Markup

from crypto import letter as letters
from crypto import receipt as receipts
from crypto.attachment import Attachment
from crypto.encoding import date_of, epoch_of, today
from crypto.mailbox import News
from crypto.prose.message import render
from crypto.prose.traces import cut
from crypto.row import OBJECT_ID_BYTES, SLOTS
from dropbox import form, statuses
from dropbox.directory import Directory
from dropbox.errors import BadRequest, Broken, Busy, Closed, Full
from dropbox.intake import read_form
from dropbox.mailboxes import Opened
from dropbox.pages import preview
from dropbox.pages.flood import question, spend_answer, unanswered
from dropbox.pages.keeping import all_files, keep, kept_files, seal_kept
from dropbox.pages.refusals import choose_again, opening_text, problem_text, too_many_files
from dropbox.pages.request import (
    MAX_SHORT_LETTERS,
    answer_first,
    boundary,
    refuse_cross_site,
    short_fields,
    upload_place,
)
from dropbox.pages.show import plain, show
from dropbox.received import Received
from dropbox.sealing import RowWriter
from dropbox.services import directory, here
from dropbox.sessions import Session, SessionEnded
from dropbox.tracewords import KINDS
from keys.roster import Group

CODE, SESSION, MESSAGE = "kode", "sesi", "pesan"
MAX_SHOWN_BYTES = 40_000  # of messages as HTML: then every mailbox page fits its one length
FRAME_BYTES = 250  # around each message: its day, its unit
# What follows key stretching takes a few milliseconds, a little more where there is news. Every answer
# is held until a whole step after it, so that hit and miss take equally long.
STEP_SECONDS = 0.030


def install(pages: Blueprint) -> None:
    """Add the pages of this module."""
    pages.get("/kotak")(ask)
    pages.post("/kotak")(open_mailbox)
    pages.post("/kotak/pesan")(write)
    pages.get("/kotak/pesan", endpoint="ask_again")(ask)  # a reloaded tab must not speak of what was stored


def ask() -> Response:
    """Ask for the code."""
    return _ask_again()


def open_mailbox() -> Response:
    """Show status and messages. A wrong checksum is answered before any key is stretched."""
    refuse_cross_site()
    text = short_fields().get(CODE, "")
    try:
        session, opened, started = _derive(text)
    except receipts.Mistyped as error:
        return _ask_again(text=text, mistyped=error, status=422)
    except (Busy, Broken) as error:
        return _ask_again(text=text, problems=[form.Problem("", opening_text(error))], status=503)
    page = _show_mailbox(session, opened)
    elapsed = time.monotonic() - started
    time.sleep(-elapsed % STEP_SECONDS)
    return page


@dataclass(slots=True)
class _Reply:
    """One message on its way; the thread is known before the first file."""

    received: Received = field(repr=False)
    day: int
    session: Session | None = field(default=None, repr=False)
    groups: tuple[Group, ...] = ()
    barred: tuple[Group, ...] = ()
    lost: bool = False  # files of an earlier try are no longer at hand
    mistyped: receipts.Mistyped | None = None
    problems: list[form.Problem] = field(default_factory=list, repr=False)

    def open_writer(self, typed: Mapping[str, Sequence[str]]) -> RowWriter | None:
        """Find thread and readers; None when the form must be mended first."""
        self.resolve(typed)
        if not self.groups or not upload_place(self.received):
            return None
        return here().writer(directory(), self.groups, self.day)

    def resolve(self, typed: Mapping[str, Sequence[str]]) -> None:
        """Set the session, the readers of this message and its files of earlier tries; raises Closed."""
        if self.session is None and self.mistyped is None:
            self.session = self._session(typed)
        here().check_sealing(directory(), self.day)
        if self.session is not None and not self.groups:
            self.groups = self._route(typed, self.session)
            try:
                self.received.kept = kept_files(typed, [x.id for x in self.groups], self.session.mailbox)
            except SessionEnded:
                self.lost = True

    def _session(self, typed: Mapping[str, Sequence[str]]) -> Session | None:
        try:
            return here().fields.open_session("".join(typed.get(SESSION, ())))
        except SessionEnded:
            pass
        if not (text := _typed_code(typed)):
            return None
        try:
            return _derive(text)[0]
        except receipts.Mistyped as error:
            self.mistyped = error
            return None

    def _route(self, typed: Mapping[str, Sequence[str]], session: Session) -> tuple[Group, ...]:
        roster = directory().roster
        if readers := _case_readers(directory(), session):
            return readers
        wanted = [form.BY_KEY[key] for key in form.ROUTING]
        fallback = _fallback(directory(), self.day)
        if fallback and not any(any(typed.get(key, ())) for key in form.ROUTING):
            return (fallback,)
        fields, self.problems = form.read_fields(typed, wanted, roster)
        if self.problems:
            return ()
        wishes = [w for w in fields.get(form.EXCLUDED, "").split(",") if w]
        groups = directory().route(fields[form.AREA], fields[form.LEVEL], wishes, self.day)
        own = [x for x in groups if x.id == fields[form.AREA] != roster.province]
        if own and not wishes:
            name = own[0].name_en if g.language == "en" else own[0].name_id
            text = lazy_gettext("Pesan ini akan terbuka bagi %(name)s. Pilih siapa yang Anda kecualikan di laporan, "
                                "atau “Tidak ada”.", name=name)  # fmt: skip
            self.problems = [form.Problem(form.EXCLUDED, text)]
            return ()
        self.barred = directory().barred(fields[form.AREA], fields[form.LEVEL], wishes)
        return groups


def write() -> Response:
    """Take a further letter of a case, with files; its readers are those of the case."""
    refuse_cross_site()
    received = Received(here().cleanroom)
    reply = _Reply(received, today())
    try:
        read_form(request.stream, boundary(), reply.open_writer, received)  # type: ignore[arg-type]
        reply.resolve(received.typed)
        if reply.session is None:
            return _ask_code(reply, received)
        fields, problems = _check(reply, received)
        if problems:
            status = 503 if received.full else 413 if received.problems else 422
            return _refuse(reply, received, problems, status)
        files = all_files(received)
        if preview.must_ask(received.typed, fields, files, received.kept):
            return _refuse(reply, received, (), 422)
        _commit(reply, received, fields, files)
    except (Busy, Full, Closed, Broken) as error:
        problems, received.closed = [form.Problem("", problem_text(error))], isinstance(error, Closed)
        if reply.session is None:
            code = _typed_code(received.typed)
            return answer_first(_ask_again(text=code, problems=problems, typed=received.typed, status=503))
        return answer_first(_refuse(reply, received, problems, 503))
    finally:
        received.place.close()
    closing = {form.CLOSE: ["ya"]} if form.CLOSE in fields else {}
    return _show_mailbox(reply.session, None, typed=closing, sent=files, groups=reply.groups, barred=reply.barred)


def _check(reply: _Reply, received: Received) -> tuple[dict[str, str], list[form.Problem]]:
    """Return the fields of a message and what must be mended."""
    fields, problems = form.read_fields(received.typed, _texts(received.typed), directory().roster)
    received.dropped = received.dropped or reply.lost
    problems += reply.problems + received.problems
    problems += choose_again(received, problems)
    problems += unanswered(received.typed)
    files = all_files(received)
    if over := too_many_files(files):
        problems.append(form.Problem(form.FILES, over))
    closes = any(received.typed.get(form.CLOSE, ()))
    answered = any(any(received.typed[field.key]) for field in form.answer_fields(received.typed))
    if (files or closes or answered) and not form.normalise("".join(received.typed.get(MESSAGE, ()))):
        problems = [p for p in problems if p.key != MESSAGE]  # files alone are a message, answers, or a wish to close
    if closes:
        fields[form.CLOSE] = "ya"
    return fields, problems


def _typed_code(typed: Mapping[str, Sequence[str]]) -> str:
    return "".join(typed.get(CODE, ()))[:MAX_SHORT_LETTERS]


def _texts(typed: Mapping[str, Sequence[str]]) -> list[form.Field]:
    """Return the fields of a message that hold words: the message itself, then the answers to officers' messages."""
    return [form.MESSAGE, *form.answer_fields(typed)]


def stretch(text: str) -> receipts.Receipt:
    """Read a code and derive what it derives; raises Mistyped or Busy."""
    readings = receipts.read_code(text)
    with here().mailbox_lane.enter():
        derived = [(reading, receipts.derive(reading.code, directory().roster.deployment)) for reading in readings]
    right = [r for reading, r in derived if reading.name is None or reading.name == r.name]
    if not right:
        raise receipts.Mistyped("code: the mailbox name does not fit the code")
    return right[0]


def _derive(text: str) -> tuple[Session, Opened, float]:
    """Stretch a code and open its row; raises Mistyped or Busy."""
    receipt = stretch(text)
    started = time.monotonic()
    opened = here().mailboxes.open(receipt, today(), directory())
    session = Session(
        mailbox=receipt.mailbox,
        reply_key_hash=hashlib.sha256(receipt.reply.public.raw).digest(),
        thread=receipt.thread,
        seq=opened.news.seq,
        name=receipt.name,
        readers=opened.news.readers,
    )
    return session, opened, started


def _commit(reply: _Reply, received: Received, fields: dict[str, str], files: Sequence[Attachment]) -> None:
    session = reply.session
    if session is None or not reply.groups:
        raise BadRequest("a message without a mailbox")
    spend_answer(received.typed)
    writer = received.writer or here().writer(directory(), reply.groups, reply.day)
    letter = letters.Letter(
        type=letters.FOLLOW_UP,
        object_id=os.urandom(OBJECT_ID_BYTES),
        fields=fields | {"surat": str(session.seq)},  # the same words in answer to other news are another letter
        language=g.language,
        day=reply.day,
        readers=tuple(group.id for group in reply.groups),
        mailbox=session.mailbox,
        attachments=tuple(files),
        reply_key_hash=session.reply_key_hash,
    )
    writer.finish(
        letter.object_id,
        letters.build_letter(letters.seal_thread(letter, session.thread)),
        kept_rows=sum(a.parts for a in received.kept),
    )


def _ask_again(
    *,
    text: str = "",
    mistyped: receipts.Mistyped | None = None,
    problems: Sequence[form.Problem] = (),
    typed: Mapping[str, Sequence[str]] | None = None,
    status: int = 200,
) -> Response:
    return show(
        "kotak.html",
        status=status,
        mailbox_page=True,
        session=None,
        text=text,
        mistyped=mistyped,
        **_form_parts(typed or {}, problems),
    )


def _ask_code(reply: _Reply, received: Received) -> Response:
    """The session has ended: keep the text and ask for the code again."""
    said = lazy_gettext("Halaman ini sudah lama terbuka. Masukkan kode Anda sekali lagi; pesan Anda masih di bawah.")
    if any(received.typed.get(form.CLOSE, ())):
        said = lazy_gettext("Halaman ini sudah lama terbuka, jadi kotak belum diminta dihapus. Masukkan kode Anda "
                            "sekali lagi, lalu tekan “Minta hapus kotak”.")  # fmt: skip
    problems = [] if reply.mistyped else [form.Problem(CODE, said)]
    code = _typed_code(received.typed)
    return _ask_again(text=code, mistyped=reply.mistyped, problems=problems, typed=received.typed, status=422)


def _show_mailbox(
    session: Session,
    opened: Opened | None,
    *,
    typed: Mapping[str, Sequence[str]] | None = None,
    problems: Sequence[form.Problem] = (),
    sent: Sequence[Attachment] | None = None,
    kept: Sequence[Attachment] = (),
    groups: Sequence[Group] = (),
    barred: Sequence[Group] = (),
    status: int = 200,
) -> Response:
    services = here()
    news: News | None = _shorten(opened.news) if opened is not None and opened.hit else None
    typed = typed or {}
    texts = {field.key: form.normalise("".join(typed.get(field.key, ()))) for field in _texts(typed)}
    texts = {key: text for key, text in texts.items() if len(text) <= form.MESSAGE.limit}  # longer ones are refused
    return show(
        "kotak.html",
        status=status,
        mailbox_page=True,
        session=session,
        readers=_case_readers(directory(), session),
        sealed=services.fields.seal_session(session),
        opened=opened,
        news=news,
        as_of=date_of(news.as_of) if news else None,
        next_update=date_of(news.next_update) if news else None,
        overdue=bool(news and not news.status.startswith("closed") and news.next_update < today()),
        date_of=date_of,
        status_name=statuses.NAMES.__getitem__,
        status_text=statuses.TEXTS.__getitem__,
        names={x.id: x for x in directory().roster.groups},
        sent=sent,
        texts=[text for text in texts.values() if text],
        found=preview.kinds(texts, kept),
        kept=kept,
        kept_sealed=seal_kept(groups, kept, session.mailbox, session.expires),
        kind_name=KINDS.__getitem__,
        cut=cut,
        shown=lambda text: Markup(render(text)),  # noqa: S704 - it escapes
        groups=groups,
        barred=barred,
        **_form_parts(typed, problems),
    )


def _shorten(news: News) -> News:
    """Leave out the oldest messages that would make the page longer than other mailbox pages."""
    sizes = [FRAME_BYTES + len(render(m.text).encode("utf-8")) for m in news.messages]
    first = 0
    while sum(sizes[first:]) > MAX_SHOWN_BYTES:
        first += 1
    return replace(news, messages=news.messages[first:], left_out=news.left_out + first)


def _refuse(reply: _Reply, received: Received, problems: Sequence[form.Problem], status: int) -> Response:
    """Give the message back, with what could point to its writer; files that arrived whole are kept."""
    if reply.session is None:
        raise BadRequest("a message without a mailbox")
    if reply.groups:
        keep(received)
    problems = [*problems, *choose_again(received, problems)]
    return _show_mailbox(
        reply.session,
        None,
        typed=received.typed,
        problems=problems,
        kept=received.kept,
        groups=reply.groups,
        status=status,
    )


def _case_readers(known: Directory, session: Session) -> tuple[Group, ...]:
    """Return the readers of a case.

    None where they are not known, or where one has left, has no reviewers or is named twice, or where they have become
    too many for a row.
    """
    with_reviewers = {group.id: group for group in known.roster.groups if group.members}
    if not set(session.readers) <= set(with_reviewers) or len(set(session.readers)) < len(session.readers):
        return ()
    found = tuple(with_reviewers[group_id] for group_id in session.readers)
    return found if sum(len(group.members) for group in found) <= SLOTS else ()


def _fallback(known: Directory, day: int) -> Group | None:
    """Return the group of messages that name no readers, None when it cannot read now."""
    roster = known.roster
    return roster.group(roster.fallback) if roster.fallback in known.key_holders(epoch_of(day)) else None


def _form_parts(typed: Mapping[str, Sequence[str]], problems: Sequence[form.Problem]) -> dict[str, Any]:
    roster = directory().roster
    return {
        "typed": typed,
        "problems": plain(problems),
        "problem_of": {p.key: p.message for p in reversed(plain(problems))},
        "answers": [field for field in form.answer_fields(typed) if any(typed[field.key])],
        "question": question(),
        "fallback": _fallback(directory(), today()),
        "message_field": form.MESSAGE,
        "routing_fields": list(form.MESSAGE_ROUTING),
        "areas": form.area_options(roster, g.language),
    }
