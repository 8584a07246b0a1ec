"""That somebody is here: typing keeps the desk open, and a page leaves only when the desk has locked."""

from __future__ import annotations

from flask import Blueprint, Response

from station.pages import current

PATH = "/hadir"
LEFT = "awake.left"  # looking at the clock is no activity
# A page asks when its time has come, because another tab may have been in use. Without an answer it leaves: a locked
# desk shows no case. A note that was not taken is no reason to leave yet, its form may be of an earlier opening.
_SCRIPT = """(()=>{
let timer,told=0
const leave=()=>location.replace('/'),
ask=more=>fetch('%(path)s',{redirect:'error',...more}).then(r=>r.ok?r.text():Promise.reject())
.then(left=>wait(+left+1)).catch(more?()=>ask():leave),
wait=seconds=>{clearTimeout(timer);timer=setTimeout(()=>ask(),seconds*1000)},
here=()=>{if(Date.now()-told<6e4)return
told=Date.now()
ask({method:'POST',body:new URLSearchParams({tanda:document.querySelector('[name=tanda]').value})})}
for(const what of['input','keydown'])addEventListener(what,here,true)
wait(%(seconds)d)
})()"""


blueprint = Blueprint("awake", __name__)


def script(seconds: float) -> str:
    """Return the script of every open page of a desk that locks after so many seconds without activity."""
    return _SCRIPT % {"path": PATH, "seconds": int(seconds + 1)}


@blueprint.get(PATH)
def left() -> Response:
    """Say how many seconds the desk stays open if nobody does anything."""
    return _seconds()


@blueprint.post(PATH)
def here() -> Response:
    """Take note that somebody types."""
    return _seconds()


def _seconds() -> Response:
    return Response(f"{current().left:.0f}", mimetype="text/plain")
