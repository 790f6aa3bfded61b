//! Pages that hold hostile text stay pages of ours, and nothing in them points to nowhere.

// Clippy lets tests unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod sample;

use brownout_core::event::{Event, EventNo, What};
use brownout_core::network::{Conn, End, MqttSeen, TcpSeen, Traffic};
use brownout_core::time::{Duration, Instant};
use brownout_report::{RunLine, Suite, html};
use sample::{Kept, Sample};
use std::collections::{BTreeMap, BTreeSet};

const TAGS: &[&str] = &[
    "!doctype",
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "header",
    "div",
    "h1",
    "h2",
    "p",
    "code",
    "span",
    "section",
    "b",
    "ul",
    "li",
    "a",
    "figure",
    "figcaption",
    "svg",
    "line",
    "text",
    "rect",
    "path",
    "pre",
    "dl",
    "dt",
    "dd",
    "details",
    "summary",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "colgroup",
    "col",
    "footer",
];
const ATTRIBUTES: &[&str] = &[
    "html",
    "lang",
    "charset",
    "name",
    "content",
    "http-equiv",
    "class",
    "id",
    "href",
    "style",
    "open",
    "viewBox",
    "role",
    "aria-label",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "width",
    "height",
    "d",
    "transform",
    "text-anchor",
    "pointer-events",
];

/// Every opening tag with its attributes. Fails at anything that no template of ours would write.
fn tags(page: &str) -> Vec<(String, BTreeMap<String, String>)> {
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "control characters");
    let body = page.split_once("</style>").map(|(_, body)| body).unwrap();
    let mut tags = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("a tag ends");
        let tag = tag.trim_start_matches('/').trim_end_matches('/');
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(TAGS.contains(&name), "no tag of ours: {tag}");
        let mut attributes = BTreeMap::new();
        while !rest.trim().is_empty() {
            rest = rest.trim_start();
            let end = rest.find(['=', ' ']).unwrap_or(rest.len());
            let (attribute, after) = rest.split_at(end);
            assert!(ATTRIBUTES.contains(&attribute), "no attribute of ours: {attribute} in {tag}");
            let (value, after) = match after.strip_prefix("=\"") {
                Some(quoted) => quoted.split_once('"').expect("a value ends"),
                None => ("", after),
            };
            attributes.insert(attribute.to_owned(), value.replace("&#x2f;", "/"));
            rest = after;
        }
        if !piece.starts_with('/') {
            tags.push((name.to_owned(), attributes));
        }
    }
    tags
}

fn page(sample: &Sample) -> String {
    html::run(&sample.view()).unwrap()
}

fn suite() -> Suite {
    let samples =
        [sample::power_cut(Kept::Yes), sample::power_cut(Kept::No), sample::never_bit(), sample::hostile()];
    Suite {
        anchor: "2026-03-11T10:15:00Z".to_owned(),
        folder: "reports/20260311T101500Z".to_owned(),
        wall_time: Duration::from_millis(512),
        runs: samples.iter().map(|s| RunLine::of(&s.view())).collect(),
    }
}

#[test]
fn every_link_of_a_run_leads_somewhere_and_nothing_is_loaded() {
    for sample in
        [sample::power_cut(Kept::Yes), sample::power_cut(Kept::No), sample::never_bit(), sample::hostile()]
    {
        let tags = tags(&page(&sample));
        let ids: Vec<&str> = tags.iter().filter_map(|(_, a)| a.get("id")).map(String::as_str).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "ids are unique");
        let files = ["plan.json", "events.jsonl", "verdicts.json", "manifest.json", "console.bin"];
        let links: Vec<&str> = tags.iter().filter_map(|(_, a)| a.get("href")).map(String::as_str).collect();
        assert!(links.iter().any(|l| l.starts_with('#')));
        for link in links {
            match link.strip_prefix('#') {
                Some(id) => assert!(ids.contains(&id), "{link} leads nowhere"),
                None => assert!(files.contains(&link), "{link} is not in the folder"),
            }
        }
    }
}

#[test]
fn a_page_says_what_was_found() {
    let page = page(&sample::power_cut(Kept::No));
    for text in [
        "fail: 1 of 6 demands not met",
        "durable: {setting: target}",
        "device keeps target = 22.5",
        "time to recover <b>405ms</b>",
        "brownout run power&#x2f;cut-while-writing --rig virtual --seed 7 --case nth=3",
        "close-up: ",
        "power_cut #1, 501ms",
    ] {
        assert!(page.contains(text), "not on the page: {text}");
    }
}

#[test]
fn the_drawing_stays_inside_its_frame() {
    for sample in [sample::power_cut(Kept::No), sample::never_bit(), sample::hostile()] {
        for (name, attributes) in tags(&page(&sample)).iter().filter(|(name, _)| name == "rect") {
            let number = |a: &str| attributes[a].parse::<f64>().unwrap();
            let (left, right) = (number("x"), number("x") + number("width"));
            assert!(left >= 116.0 && right <= 994.0, "{name} {attributes:?}");
            assert!(number("width") > 0.0 && number("height") > 0.0, "{name} {attributes:?}");
        }
    }
}

#[test]
fn the_index_shows_inconclusive_beside_pass_and_links_to_each_report() {
    let page = html::index(&suite()).unwrap();
    assert!(page.contains("1 inconclusive") && page.contains("1 pass") && page.contains("2 fail"));
    let links: Vec<String> = tags(&page).into_iter().filter_map(|(_, mut a)| a.remove("href")).collect();
    assert!(links.contains(&"./power/cut-while-writing/nth%3D3-7/report.html".to_owned()), "{links:?}");
    assert!(links.iter().all(|l| l.starts_with("./") || ["junit.xml", "summary.json"].contains(&l.as_str())));
}

#[test]
fn an_empty_timeline_is_a_page_too() {
    let mut sample = sample::never_bit();
    sample.events.clear();
    tags(&page(&sample));
}

/// A long night: what comes in masses must not make a page that no browser opens.
#[test]
fn a_long_run_makes_a_page_that_opens() {
    let mut sample = sample::power_cut(Kept::Yes);
    let first = sample.events.len() as u64 + 1;
    sample.events.extend((0..30_000).map(|i| Event {
        n: EventNo(first + i),
        at: Instant(13_000_000_000 + i * 500_000_000),
        what: What::Signal {
            dut: "thermostat".into(),
            name: "control".into(),
            nth: 16 + i,
            fields: BTreeMap::new(),
            source: EventNo(1),
        },
    }));
    let page = page(&sample);
    assert!(page.len() < 500_000, "{} bytes", page.len());
    assert!(page.contains("events left out here"));
}

#[test]
fn a_device_on_a_network_has_a_lane_for_its_link_and_its_broker() {
    let mut sample = sample::power_cut(Kept::Yes);
    assert!(!page(&sample).contains("connected to the broker"));
    let conn = Conn(1);
    let seen = [
        Traffic::Carrier { up: true },
        Traffic::Mqtt(MqttSeen::Connack { conn, code: 0, session_present: false }),
        Traffic::Tcp(TcpSeen::Closed { conn: Conn(2), end: End::ByDevice }),
        Traffic::Tcp(TcpSeen::Closed { conn, end: End::TimedOut }),
        Traffic::Carrier { up: false },
    ];
    for (seen, second) in seen.into_iter().zip(13..) {
        let (n, at) = (EventNo(sample.events.len() as u64 + 1), Instant(second * 1_000_000_000));
        let dut = "thermostat".into();
        sample.events.push(Event { n, at, what: What::Traffic { dut, seen } });
    }
    let page = page(&sample);
    for tip in ["link up: 4s from 13.000s", "connected to the broker: 2s from 14.000s"] {
        assert!(page.contains(tip), "not on the page: {tip}");
    }
}
