from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.lib.html import clean, to_text

VECTORS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    '<img src="https://e.example/p.png" onload="alert(1)" style="position:fixed">',
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
    '<a href="vbscript:x">x</a>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<style>@import 'https://e.example/x.css';</style>",
    '<p style="background:url(https://e.example/t.gif)">x</p>',
    '<video src="https://e.example/v.mp4" autoplay></video>',
    '<form action="https://e.example"><input name=q><button>go</button></form>',
    '<meta http-equiv="refresh" content="0;url=https://e.example">',
    '<base href="https://e.example/">',
    '<link rel="stylesheet" href="https://e.example/x.css">',
    '<object data="https://e.example/x.swf"></object><embed src="https://e.example/x">',
    '<img src="https://e.example/a" alt="&quot;><script>alert(1)</script>">',
    "<img alt='<img src=\"https://e.example/b\" onerror=alert(1)>' src='https://e.example/a'>",
    '<code class="language-x&quot; onclick=&quot;alert(1)">x</code>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<textarea><script>alert(1)</script></textarea>",
    '<table background="https://e.example/t.gif"><td>x</td></table>',
]


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_acts_or_loads_survives(vector: str) -> None:
    shown = clean(f"before {vector} after")
    for forbidden in ("<script", "<img", "<svg", "<iframe", "<style", "<form", "<input", "<object", "<video", "<meta"):
        assert forbidden not in shown
    # As text they may be quoted, inside a tag they never stand.
    for tag in re.findall(r"<[^>]*>", shown):
        assert re.fullmatch(r'</?[a-z0-9]+( (href|rel|class|start|colspan|rowspan)="[^"<>]*")*>', tag)
        assert not re.search(r"script:|data:", tag)


@given(st.text(alphabet="<>/\"'=& abimgsrcodeclass\x00-!", max_size=200))
def test_what_is_clean_stays_as_it_is(garbage: str) -> None:
    shown = clean(garbage)
    assert "\x00" not in shown
    assert clean(shown) == shown


@given(st.text(max_size=300))
def test_any_text_can_be_read(garbage: str) -> None:
    assert "\x00" not in to_text(f"<p>{garbage}</p>")


def test_pictures_become_links_and_are_not_loaded() -> None:
    assert clean('<p><img src="https://e.example/a.png" alt="a cat"></p>') == (
        '<p><a href="https://e.example/a.png" rel="nofollow noopener noreferrer">a cat</a></p>'
    )


def test_a_picture_inside_a_link_leaves_its_description() -> None:
    assert clean('<a href="https://e.example"><img src="https://e.example/a.png" alt="a cat"></a>') == (
        '<a href="https://e.example" rel="nofollow noopener noreferrer">a cat</a>'
    )


def test_links_into_our_own_pages_lose_their_address() -> None:
    assert "href" not in clean('<a href="/logout">x</a> <a href="#top">y</a> <a href="//e.example/">z</a>')


def test_code_keeps_its_language_and_no_other_class() -> None:
    shown = clean('<pre><code class="hljs lang-python btn">x</code></pre><p class="alert">y</p>')
    assert shown == '<pre><code class="lang-python">x</code></pre><p>y</p>'


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain &amp; simple", "plain & simple"),
        ("<p>one</p>\n<p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<p>x</p><ul>\n<li>a</li>\n<li>b<ul><li>c</li></ul></li></ul><p>y</p>", "x\n\n- a\n- b\n  - c\n\ny"),
        ("<ol><li><p>a</p></li><li><p>b</p></li></ol>", "- a\n- b"),
        ("<blockquote><p>a</p><p>b<br>c</p></blockquote><p>d</p>", "> a\n>\n> b\n> c\n\nd"),
        ("<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>", "> a\n>\n> > b"),
        (
            "<p>so</p><pre><code>def f():\n    <span>return</span> 1\n\nx</code></pre>",
            "so\n\ndef f():\n    return 1\n\nx",
        ),
        ('<a href="https://e.example">a link</a>', "a link"),
        ('hi <img class="emoji" alt=":heart:" src="x">!', "hi :heart:!"),
        ('<span class="emoji emoji-1f642" title="slight smile">:slight_smile:</span>', "🙂"),
        ("<table><tr><td>1</td> <td>2</td></tr><tr><td>3</td></tr></table>", "1 | 2\n3"),
        ("a<script>x</script><style>y</style><!-- z -->b", "ab"),
        ("1 &lt; 2 &#0;&amp;lt;", "1 < 2 \ufffd&lt;"),
        ('<a title="a > b">x</a> 5 < 6', "x 5 < 6"),
        ("<p>\x00a\x00</p>", "a"),
        ("", ""),
    ],
)
def test_text_keeps_the_lines_of_its_html(html: str, text: str) -> None:
    assert to_text(html) == text


def test_a_formula_is_written_once() -> None:
    formula = (
        '<span class="katex"><span class="katex-mathml"><math><mi>x</mi><annotation encoding="application/x-tex">'
        'x^2</annotation></math></span><span class="katex-html" aria-hidden="true"><span>x2</span></span></span>'
    )
    assert to_text(f"<p>so {formula} holds</p>") == "so x^2 holds"
    assert clean(f"<p>so {formula} holds</p>") == "<p>so <code>x^2</code> holds</p>"


@pytest.mark.parametrize(
    "piece",
    [
        "<div>",
        "<b>",
        "<blockquote>",
        "<ul><li>",
        "<table>",
        '<a href="',
        "<!--",
        "<script>",
        "<",
        "&",
        '<a="',
        '<span class="katex">',
        "<svg><math>",
        "<img alt='",
        "<p>x<a><b>",
        "<br>",
        "</p>",
        "<pre>\n",
        "<x y=1 ",
        "<span",
        '<span class="katex"><annotation',
    ],
)
def test_garbage_takes_no_longer_than_its_length(piece: str) -> None:
    def seconds(times: int) -> float:
        begun = time.process_time()
        clean(piece * times)
        to_text(piece * times)
        return time.process_time() - begun

    # Quadratic time would make it a hundredfold, and much more than these seconds.
    assert seconds(30_000) < 5
    assert to_text(piece * 10_000 + "<i>end</i>") is not None


def test_text_under_ten_thousand_elements_is_found() -> None:
    assert to_text("<div>" * 10_000 + "deep" + "</div>" * 10_000) == "deep"
    assert clean("<div>" * 10_000 + "<b>deep</b>" + "</div>" * 10_000) == "<pre>deep</pre>"
