//! What people see when what they wrote is wrong.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use brownout_core::board_file::BoardFile;
use brownout_core::language::Style;
use brownout_core::language::render::Problems;
use brownout_core::names::Defect;
use brownout_core::plan::Plan;
use brownout_core::resolve::{Options, Unresolved, resolve};
use brownout_core::rig_file::RigFile;
use brownout_core::scenario::ScenarioFile;

const BOARD: &str = include_str!("../../../rigs/boards/nrf52840-thermostat.yaml");
const VIRTUAL: &str = include_str!("../../../rigs/virtual.yaml");
const DK: &str = include_str!("../../../rigs/nrf52840-dk.yaml");

const BOARD_PATH: &str = "rigs/boards/nrf52840-thermostat.yaml";

/// A scenario with one method step and one check.
fn with(step: &str, check: &str) -> String {
    format!("scenario: test\nmethod:\n  - {step}\nexpect:\n  - {check}\n")
}

fn plans(scenario: &str, board: &str, rig: &str, options: &Options) -> Result<Vec<Plan>, Unresolved> {
    let scenario = ScenarioFile::read("scenarios/power/x.yaml", scenario)?;
    let rig_path = if rig == DK { "rigs/nrf52840-dk.yaml" } else { "rigs/virtual.yaml" };
    let rig = RigFile::read(rig_path, rig)?;
    let board = BoardFile::read(BOARD_PATH, board)?;
    resolve(&scenario, &board, &rig, options, &|_| Ok(facts("00")))
}

/// What is shown for a scenario on the virtual rig.
fn shown(scenario: &str) -> String {
    plans(scenario, BOARD, VIRTUAL, &Options::default()).unwrap_err().to_string()
}

fn board_shown(board: &str) -> String {
    BoardFile::read(BOARD_PATH, board).unwrap_err().to_string()
}

fn rig_shown(rig: &str) -> String {
    RigFile::read("rigs/mine.yaml", rig).unwrap_err().to_string()
}

#[test]
fn unknown_field() {
    insta::assert_snapshot!(shown("scenario: test\nmetod:\n  - reset: pin\nexpect:\n  - never: panic\n"));
}

#[test]
fn unknown_field_of_a_step() {
    insta::assert_snapshot!(shown(&with("wait: {for: ready, timeout: 3s}", "never: panic")));
}

#[test]
fn steps_that_would_never_run() {
    insta::assert_snapshot!(shown(&with("power_cut: {for: 1s, while: [pause: 1s]}", "never: panic")));
}

#[test]
fn unknown_fault() {
    insta::assert_snapshot!(shown(&with("powercut: {for: 1s}", "never: panic")));
}

#[test]
fn unknown_kind_far_from_any() {
    insta::assert_snapshot!(shown(&with("explode", "never: panic")));
}

#[test]
fn unknown_signal() {
    insta::assert_snapshot!(shown(&with("wait: redy", "never: panics")));
}

#[test]
fn a_signal_the_board_file_does_not_define() {
    insta::assert_snapshot!(shown(&with("wait: telemetry", "never: panic")));
}

#[test]
fn text_that_would_be_two_lines_on_the_console() {
    let varied = |value: &str| {
        let text = with("set: {setting: target, to: $to}", "never: panic");
        shown(&format!("{text}vary: {{to: [21.5, \"{value}\"]}}\n"))
    };
    let setting = with("get: \"target\\nreboot\"", "never: panic");
    insta::assert_snapshot!([varied("22\\nreboot"), varied("22\\e[2J"), shown(&setting)].join("\n"));
}

#[test]
fn unknown_unit() {
    insta::assert_snapshot!(shown(&with("pause: 3 sec", "never: panic")));
}

#[test]
fn missing_unit() {
    insta::assert_snapshot!(shown(&with("power_cut: {for: 30}", "never: panic")));
}

#[test]
fn duplicate_key() {
    insta::assert_snapshot!(shown("scenario: a\nexpect:\n  - never: panic\nscenario: b\n"));
}

#[test]
fn out_of_range() {
    insta::assert_snapshot!(shown(&with(
        "repeat: {times: 0, steps: [pause: 0s]}",
        "seen: {signal: boot, at_least: -1}"
    )));
}

#[test]
fn times_that_make_no_sense() {
    insta::assert_snapshot!(shown(&with(
        "power_cut: {for: 0s, while: [pause: 31d, pause: 2S, wait: {for: ready, within: 9000h}]}",
        "never: panic"
    )));
    let longest = plans(&with("pause: 30d", "never: panic"), BOARD, VIRTUAL, &Options::default());
    assert_eq!(longest.unwrap().len(), 1);
}

#[test]
fn a_port_that_the_rig_lacks() {
    let scenario = with("power_cut: {when: {flash_op: {nth: 3}}}", "never: panic");
    let error = plans(&scenario, BOARD, DK, &Options::default()).unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn a_port_that_is_asked_for_and_lacking() {
    let scenario = "scenario: test\nneeds: [debug, flash_trace]\nexpect:\n  - never: panic\n";
    let error = plans(scenario, BOARD, DK, &Options::default()).unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn a_pattern_that_does_not_compile() {
    insta::assert_snapshot!(board_shown(
        "chip: x\nsignals:\n  ready: {console: '^app: (ready'}\n  all: {log: '.*'}\n"
    ));
}

#[test]
fn an_unknown_name_in_place_of_a_value() {
    let scenario = with("power_cut: {for: $hodl}", "never: panic") + "vary: {hold: [1s, 2s]}\n";
    insta::assert_snapshot!(shown(&scenario));
}

#[test]
fn a_value_that_is_wrong_in_one_case() {
    let scenario = with("power_cut: {for: $hold}", "never: panic") + "vary: {hold: [1s, 2]}\n";
    insta::assert_snapshot!(shown(&scenario));
}

#[test]
fn empty_file() {
    insta::assert_snapshot!(shown("# nothing yet\n"));
}

#[test]
fn tab_indentation() {
    insta::assert_snapshot!(shown("scenario: test\nmethod:\n\t- reset: pin\n"));
}

#[test]
fn a_colon_in_a_title() {
    insta::assert_snapshot!(shown("scenario: power: cut\n"));
}

#[test]
fn an_open_bracket() {
    insta::assert_snapshot!(shown("scenario: test\ntags: [a, b\nexpect:\n  - never: panic\n"));
}

#[test]
fn a_list_where_a_mapping_belongs() {
    insta::assert_snapshot!(shown(&with("power_cut: [1s]", "never: panic")));
}

#[test]
fn a_mapping_where_a_list_belongs() {
    insta::assert_snapshot!(shown("scenario: test\nmethod:\n  reset: pin\nexpect:\n  never: panic\n"));
}

#[test]
fn two_kinds_in_one_entry() {
    let scenario = "scenario: test\nmethod:\n  - reset: pin\n    wait: ready\n  - power_cut:\n    for: 1s\nexpect:\n  - never: panic\n";
    insta::assert_snapshot!(shown(scenario));
}

#[test]
fn several_problems_together() {
    let scenario = "scenario: test
tags: nightly
method:
  - powercut: {for: 1s}
  - wait: {for: ready, within: 30}
  - reset: {how: hard}
expect:
  - recovers: {from: power_cut, within: 5s}
  - nevr: panic
";
    insta::assert_snapshot!(shown(scenario));
}

#[test]
fn a_board_without_the_boot_signal() {
    let board = BOARD.replace("  boot: {console", "  started: {console");
    let scenario = with("reset: {when: {boot: {}}}", "boots_at_most: 3");
    let error = plans(&scenario, &board, VIRTUAL, &Options::default()).unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn unknown_defect() {
    let scenario = "scenario: test\ncatches: ack_before_saving\nexpect:\n  - never: panic\n";
    insta::assert_snapshot!(shown(scenario));
}

#[test]
fn a_defect_far_from_any_known() {
    let scenario = "scenario: test\ncatches: foo\nexpect:\n  - never: panic\n";
    insta::assert_snapshot!(shown(scenario));
    // A board without known defects runs it all the same.
    let none = &BOARD[..BOARD.find("\ndefects:").unwrap()];
    let rest = &BOARD[BOARD.find("\nsignals:").unwrap()..];
    let plans = plans(scenario, &format!("{none}{rest}"), VIRTUAL, &Options::default()).unwrap();
    assert_eq!(plans.len(), 1);
}

#[test]
fn unknown_defect_on_the_command_line() {
    let options = Options { defect: Some(Defect::from("no_wachdog")), ..Options::default() };
    let result = plans(&with("reset: pin", "never: panic"), BOARD, VIRTUAL, &options);
    let Err(Unresolved::Given { message, help }) = result else { panic!("{result:?}") };
    insta::assert_snapshot!(format!("{message}\n{help}"));
}

#[test]
fn checks_that_cannot_be_answered() {
    let scenario = "scenario: test
method:
  - reset: pin
expect:
  - recovers: {from: power_cut, to: ready, within: 5s}
  - reset_cause: {after: crash, is: lockup}
  - reset_cause: {after: rset, is: pin}
  - durable: target
  - seen: {signal: boot, where: {reason: pin}}
";
    insta::assert_snapshot!(shown(scenario));
}

#[test]
fn checks_whose_fields_do_not_go_together() {
    let scenario = "scenario: test
method:
  - reset: pin
expect:
  - always: {signal: ready}
  - log_matches: {matches: 'x', never: true, at_least: 2}
  - memory: {at: 0x20000000, from: 5, to: 4}
  - memory: 0x20000000
  - heap_and_boots_stable: {figure: {signal: boot}, over: 20}
  - heap_and_boots_stable: {figure: {signal: boot, field: fre}, over: 20}
";
    insta::assert_snapshot!(shown(scenario));
}

#[test]
fn values_that_cannot_be_compared() {
    let scenario = "scenario: test
method:
  - reset: pin
expect:
  - always: {signal: boot, at_least: 1/s, where: {cause: {from: 5C}}, except: bootin}
  - never: {signal: boot, where: {cause: {from: 5, to: 4}}}
  - seen: {signal: boot, where: {cause: []}}
  - returns_to: {from: reset, to: boot, within: 5s}
  - stays: {signal: boot, where: {}, through: reset}
  - availability: {of: boot, at_least: 101%, every: 1s, while: reset}
  - log_matches: {matches: '(', level: fatal}
  - reset_storm: {at_most: 3, in: 0s}
";
    insta::assert_snapshot!(shown(scenario));
}

#[test]
fn no_checks() {
    insta::assert_snapshot!(shown("scenario: test\nmethod:\n  - reset\nexpect: []\n"));
}

#[test]
fn tags_documents_and_aliases() {
    insta::assert_snapshot!(shown("scenario: !!str 1\nexpect: !check []\n"));
    insta::assert_snapshot!(shown("scenario: a\n---\nscenario: b\n"));
    insta::assert_snapshot!(shown("scenario: a\ntags: *tags\n"));
    insta::assert_snapshot!(shown("scenario: a\ntags: &tags [*tags]\n"));
    insta::assert_snapshot!(shown("scenario: a\n[a]: b\n"));
}

#[test]
fn a_rig_without_a_board_and_with_two_drivers() {
    insta::assert_snapshot!(rig_shown(
        "rig: mine\nclock: fast\nduts:\n  a:\n    debug: {probe_rs: {}, jlink: {}}\n    uart: {}\n"
    ));
}

#[test]
fn a_board_whose_parts_do_not_fit() {
    let board = "chip: x
flash: {settings: 0xfc000..0xfe000, none: 5..5, all: 0..}
fresh: [setings]
images: {current: a.elf}
defects: {image: defects, word: 0x100000000, known: {}}
commands:
  set: {send: 'set {key}', ack: '^ok: {key}'}
  get: {send: 'get {key}'}
";
    insta::assert_snapshot!(board_shown(board));
    let board = "chip: x\nfresh: [setings]\nflash: {settings: 0..1}\nimages: {current: a.elf}\ncommands:\n  set: {send: 'set {key}', ack: '^ok: {key}'}\n  get: {send: 'get {key}', ack: '(.+)'}\n";
    insta::assert_snapshot!(board_shown(board));
}

#[test]
fn a_misspelt_placeholder() {
    let board = "chip: x\ncommands:\n  set: {send: 'set {kye} {value}', ack: '^ok'}\n  beep: {send: 'beep {vlaue} {loud}'}\n";
    insta::assert_snapshot!(board_shown(board));
}

#[test]
fn hostile_text_is_made_visible() {
    let scenario = with("pause: \"\u{202e}3\u{200b}s\"", "never: panic");
    let problems = ScenarioFile::read("scenarios/\u{1b}[31m.yaml", &scenario).unwrap_err();
    let shown = problems.render(Style::Plain);
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}']), "{shown:?}");
    insta::assert_snapshot!(shown);
}

#[test]
fn colours_are_only_for_terminals() {
    let problems: Problems = ScenarioFile::read("x.yaml", "scenario: a\n").unwrap_err();
    assert!(!problems.render(Style::Plain).contains('\u{1b}'));
    assert!(problems.render(Style::Ansi).contains('\u{1b}'));
}

/// What is shown for a scenario whose image has these symbols.
fn shown_with_symbols(scenario: &str, board: &str) -> String {
    let symbol = |(name, address, size): (&str, u32, u32)| {
        (name.to_owned(), brownout_core::plan::Symbol { address, size })
    };
    let symbols = [
        ("TARGET", 0x2000_0000, 4),
        ("HISTORY", 0x2000_0010, 12),
        ("ODD", 0x2000_0021, 2),
        ("round", 0x1000, 40),
    ];
    let facts = std::rc::Rc::new(brownout_core::resolve::ImageFacts {
        sha256: "00".to_owned(),
        symbols: symbols.map(symbol).into(),
    });
    let scenario = ScenarioFile::read("scenarios/power/x.yaml", scenario).unwrap();
    let rig = RigFile::read("rigs/virtual.yaml", VIRTUAL).unwrap();
    let board = BoardFile::read(BOARD_PATH, board).unwrap();
    resolve(&scenario, &board, &rig, &Options::default(), &|_| Ok(facts.clone())).unwrap_err().to_string()
}

/// The same for several steps, one scenario each.
fn shown_for(steps: &[&str]) -> String {
    steps
        .iter()
        .map(|step| shown_with_symbols(&with(step, "never: panic"), BOARD))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn faults_that_would_be_in_each_others_way() {
    insta::assert_snapshot!(shown_for(&[
        "power_cut: {when: {signal: ready}, while: [power_flap: {times: 3}]}",
        "brownout: {to: 1V, when: {signal: ready}, while: [{repeat: {times: 2, steps: [power_cut: {for: 1s}]}}]}",
        "sensor_stuck: {input: temperature, when: {signal: ready}, while: [sensor_nack: {input: temperature}]}",
        "console_flood: {when: {signal: ready}, while: [console_silence: {for: 1s}]}",
        "power_cut: {when: {reached: {at: round}}, while: [probe_lost: {for: 1s}]}",
    ]));
}

/// Plans one step of a method of a device with a network.
fn plans_on_a_network(step: &str) -> Result<Vec<Plan>, Unresolved> {
    let scenario = with(step, "never: panic").replacen('\n', "\nneeds: [link, services]\n", 1);
    plans(&scenario, BOARD, VIRTUAL, &Options::default())
}

/// What is shown for each of these steps.
fn shown_on_a_network(steps: &[&str]) -> String {
    steps.iter().map(|step| plans_on_a_network(step).unwrap_err().to_string()).collect::<Vec<_>>().join("\n")
}

#[test]
fn faults_of_the_link_that_would_be_in_each_others_way() {
    insta::assert_snapshot!(shown_on_a_network(&[
        "delay: {meanwhile: [delay: {direction: up}]}",
        "delay: {direction: up, meanwhile: [jitter: {by: 20ms}]}",
        "loss: {when: {signal: ready}, while: [blackout: {direction: down}]}",
        "netem: {rate: 1Mbit/s, limit: 50, when: {signal: ready}, while: [rate: {to: 64kbit/s}]}",
        "link_flap: {when: {signal: ready}, while: [cable_unplugged: {for: 5s}]}",
    ]));
}

#[test]
fn faults_of_the_link_that_go_together() {
    for step in [
        "delay: {meanwhile: [loss: {share: 10%, meanwhile: [{duplicate: {share: 1%}}]}]}",
        "delay: {direction: up, meanwhile: [jitter: {by: 20ms, direction: down}]}",
        "rate: {to: 64kbit/s, when: {signal: ready}, while: [cable_unplugged: {for: 5s}]}",
        "packet: {fate: drop, when: {signal: ready}, while: [mtu_black_hole: {mtu: 576B}]}",
    ] {
        let planned = plans_on_a_network(step);
        assert!(planned.is_ok(), "{}", planned.unwrap_err());
    }
}

#[test]
fn parameters_of_the_link_that_do_not_go_together() {
    insta::assert_snapshot!(shown_on_a_network(&[
        "loss: {share: 10%, correlation: 25%}",
        "jitter: {by: 50ms, round: 20ms}",
        "reorder: {delay: 0s}",
        "burst_loss: {for: 10s}",
        "burst_loss: {lost: 5%, r: 20%}",
        "burst_loss: {p: 1%}",
        "burst_loss: {lost: 60%, burst: 1}",
        "loss_4state: {p13: 60%, p14: 50%}",
        "netem: {for: 10s}",
        "netem: {jitter: 20ms}",
        "netem: {delay: 10ms, jitter: 20ms}",
        "netem: {delay: 10ms, distribution: normal}",
        "netem: {reorder: 25%}",
        "netem: {delay: 10ms, gap: 5}",
        "netem: {burst: 5, delay: 10ms}",
        "netem: {loss: 100%, burst: 5}",
        "packet: {fate: drop, by: 1s}",
        "packet: {fate: drop, protocol: udp, flags: [syn]}",
        "packet: {fate: delay, protocol: arp, port: 80}",
        "rate: {to: 0bit/s}",
        "mtu_black_hole: {mtu: 1280}",
    ]));
}

#[test]
fn faults_that_are_done_when_they_are_done_are_in_nobodys_way() {
    let steps = "halt: {when: {boot: {}}, while: [reset: soft]}";
    assert!(plans(&with(steps, "never: panic"), BOARD, VIRTUAL, &Options::default()).is_ok());
    let steps = "sensor_stuck: {input: temperature, when: {signal: ready}, while: [power_cut: {for: 1s}]}";
    assert!(plans(&with(steps, "never: panic"), BOARD, VIRTUAL, &Options::default()).is_ok());
}

#[test]
fn triggers_that_never_come() {
    insta::assert_snapshot!(shown_for(&[
        "halt: {when: {window: {from: 5s, to: 1s}}}",
        "halt: {when: {window: {from: 10s, to: 20s}}, within: 5s}",
        "halt: {when: {all: {of: [signal: ready, after: {event: armed, by: 40s}]}}}",
        "halt: {when: {log: {matches: saved}}}",
        "halt: {when: {any: {of: [signal: ready, log: {matches: saved}]}}}",
        "halt: {when: {all: {of: [reached: {at: round}, watchpoint: {at: TARGET}]}}}",
        "halt: {when: {count: {n: 3, of: {reached: {at: round}}}}}",
        "halt: {when: {count: {n: 2, of: {after: {event: armed, by: 1s}}}}}",
        "power_cut: {when: {reached: {at: round}}, while: [memory_flip: {at: TARGET, when: {watchpoint: {at: TARGET}}}]}",
    ]));
}

#[test]
fn more_comparators_than_the_chip_has() {
    let part = "watchpoint: {at: TARGET}";
    let five = format!("halt: {{when: {{any: {{of: [{}]}}}}}}", [part; 5].join(", "));
    let seven = five
        .replace(part, "reached: {at: round}")
        .replace("of: [", "of: [reached: {at: round}, reached: {at: round}, ");
    let few = format!("{BOARD}comparators: {{data: 2}}\n");
    let three = format!("halt: {{when: {{any: {{of: [{}]}}}}}}", [part; 3].join(", "));
    insta::assert_snapshot!(
        [shown_for(&[&five, &seven]), shown_with_symbols(&with(&three, "never: panic"), &few)].join("\n")
    );
}

#[test]
fn what_no_watchpoint_can_watch() {
    insta::assert_snapshot!(shown_for(&[
        "halt: {when: {watchpoint: {at: HISTORY}}}",
        "halt: {when: {watchpoint: {at: ODD}}}",
        "halt: {when: {watchpoint: {at: TARGET, bytes: 3}}}",
        "halt: {when: {watchpoint: {at: TARGTE}}}",
    ]));
}

#[test]
fn places_and_bits_that_are_not_there() {
    insta::assert_snapshot!(shown_for(&[
        "flash_corrupt: {how: bits}",
        "flash_corrupt: {in: settings, at: round}",
        "memory_flip: {at: TARGET, bit: 32}",
        "memory_flip: {at: NOWHERE}",
        "register_flip: {register: r4, bit: 32}",
    ]));
}

#[test]
fn inputs_on_a_rig_that_cannot_move_them() {
    let rig = VIRTUAL.replace("    stimulus: {virtual: {}}\n", "");
    assert_ne!(rig, VIRTUAL);
    let shown = [
        "press: button",
        "sense: {input: temperature, value: 15C}",
        "sensor_nack: temperature",
        "clock_skew: {input: lfclk, by: 10%}",
    ]
    .map(|step| {
        plans(&with(step, "never: panic"), BOARD, &rig, &Options::default()).unwrap_err().to_string()
    });
    insta::assert_snapshot!(shown.join("\n"));
}

/// Some signals and a command of a device on a network.
const ONLINE: &str = "chip: x
images: {current: a.elf}
signals:
  boot: {console: '^boot'}
  telemetry: {mqtt: 'devices/+/telemetry', sequence: /seq}
commands:
  remote: {send: '{\"id\":\"{id}\",\"set\":{\"{key}\":{value}}}', publish: 'devices/{device}/command'}
  ping: {send: '{id}', publish: ping}
";

const ONLINE_RIG: &str = "rig: r
duts:
  d: {board: nrf52840-thermostat, debug: v, console: v, power: v, stimulus: v, link: v, services: v}
";

/// What is shown for a scenario of such a device.
fn online(needs: &str, steps: &[&str]) -> String {
    let steps: String = steps.iter().map(|step| format!("  - {step}\n")).collect();
    let scenario = format!("scenario: test\n{needs}method:\n{steps}expect:\n  - never: boot\n");
    let scenario = ScenarioFile::read("scenarios/x.yaml", &scenario).map_err(Unresolved::from);
    let rig = RigFile::read("rigs/r.yaml", ONLINE_RIG).unwrap();
    let board = BoardFile::read(BOARD_PATH, ONLINE).unwrap();
    let plans = scenario.and_then(|s| resolve(&s, &board, &rig, &Options::default(), &|_| Ok(facts("00"))));
    plans.map_or_else(|error| error.to_string(), |plans| format!("{} plans", plans.len()))
}

#[test]
fn a_network_that_was_not_asked_for() {
    insta::assert_snapshot!(online(
        "",
        &[
            "wait: telemetry",
            "wait: net.connack",
            "send: ping",
            "publish: {topic: a, payload: b}",
            "blackout: {for: 1s}",
        ],
    ));
    let needs = "needs: [link, services]\n";
    assert_eq!(online(needs, &["wait: telemetry", "wait: net.carrier", "send: ping"]), "1 plans");
}

#[test]
fn words_of_a_network_that_are_wrong() {
    insta::assert_snapshot!(online(
        "needs: [link, services]\n",
        &["wait: net.conack", "set: {setting: target, to: 22}",],
    ));
    insta::assert_snapshot!(online(
        "needs: [link, services]\n",
        &["set: {setting: target, to: 22, by: remote}", "set: {setting: other, to: 22, by: ping}"],
    ));
    insta::assert_snapshot!(online("", &["publish: {topic: 'a/+', payload: 'hex:0', qos: 2}"]));
}

#[test]
fn faults_of_commands_where_no_board_file_shows_one() {
    let needs = "needs: [link, services]\n";
    insta::assert_snapshot!(online(
        needs,
        &[
            "payload: {as: \"null\"}",
            "mqtt_flood: {}",
            "mqtt_retained_garbage: {}",
            "command_duplicated: {times: 3}",
            "payload: {as: truncated, corpus: array.json}",
        ],
    ));
    let written = [
        "payload: {as: wrong_type, from: '{\"a\":1}'}",
        "payload: {corpus: array.json}",
        "payload: {as: empty}",
        "mqtt_flood: {text: x}",
        "command_duplicated: {command: '{}'}",
    ];
    assert_eq!(online(needs, &written), "1 plans");
}

#[test]
fn examples_that_are_none() {
    let board = |commands: &str| {
        let board =
            format!("chip: nRF52840_xxAA\nsignals: {{boot: {{console: boot}}}}\ncommands:\n{commands}");
        board_shown(&board)
    };
    insta::assert_snapshot!(board("  a: {send: 'set {key}', example: {key: target}}\n"));
    insta::assert_snapshot!(board(
        "  b: {send: '{key}={value}', publish: b, example: {key: target}}\n  \
           c: {send: '{\"id\":\"{id}\"}', publish: c, example: {value: 21}}\n"
    ));
}

/// What is shown for such checks of such a device.
fn expect_online(board: &str, checks: &[&str]) -> String {
    let checks: String = checks.iter().map(|check| format!("  - {check}\n")).collect();
    let scenario = format!(
        "scenario: test\nneeds: [link, services]\nmethod: [blackout: {{for: 1s}}]\nexpect:\n{checks}"
    );
    let scenario = ScenarioFile::read("scenarios/x.yaml", &scenario).unwrap();
    let rig = RigFile::read("rigs/r.yaml", ONLINE_RIG).unwrap();
    let board = BoardFile::read(BOARD_PATH, board).unwrap();
    let plans = resolve(&scenario, &board, &rig, &Options::default(), &|_| Ok(facts("00")));
    plans.map_or_else(|error| error.to_string(), |plans| format!("{} plans", plans.len()))
}

#[test]
fn checks_of_a_network_that_cannot_be_answered() {
    let shows = "  plain: {mqtt: a}\n  shown: {console: 'no (?<number>.)'}\ncommands:";
    insta::assert_snapshot!(expect_online(
        &ONLINE.replace("commands:", shows),
        &[
            "telemetry: {}",
            "telemetry: {lost: 0, during: fault}",
            "telemetry: {signal: plain, lost: 0}",
            "telemetry: {signal: shown, lost: 0}",
            "backoff: {while: blackout}",
            "backoff: {while: blackout, cap: 1s}",
            "backoff: {while: blackout, base: 2s, cap: 1s}",
            "offline_buffer: {while: blackout}",
            "responds_to: {command: remote, may_ignore: true}",
            "responds_to: {command: remote, shows: {signal: shown, field: target}}",
            "seen: {signal: net.closed, where: {who: x}}",
        ],
    ));
    let good = [
        "telemetry: {lost: 0, duplicated: {at_most: 1}}",
        "backoff: {while: blackout, base: 1s}",
        "offline_buffer: {while: blackout, drops: oldest}",
        "responds_to: remote",
        "recovers: {from: blackout, to: telemetry, within: 60s, stages: {connack: 20s}}",
        "availability: {of: net.carrier, at_least: 1%, every: 1s, while: blackout}",
        "seen: {signal: net.closed, where: {end: by_device, service: broker}}",
    ];
    assert_eq!(expect_online(ONLINE, &good), "1 plans");
}

#[test]
fn a_record_on_a_board_that_shows_none() {
    let telemetry = "  telemetry: {mqtt: 'devices/+/telemetry', sequence: /seq}\n";
    let checks = ["telemetry: {lost: 0}", "telemetry: {signal: other, lost: 0}"];
    insta::assert_snapshot!(expect_online(&ONLINE.replace(telemetry, ""), &checks));
}

#[test]
fn a_board_with_topics_that_are_none() {
    insta::assert_snapshot!(board_shown(
        "chip: x
signals:
  a: {mqtt: 'devices+/telemetry', sequence: seq}
  b: {mqtt: 'devices/#/telemetry'}
  c: {mqtt: 'devices/a', sequenz: /seq}
  d: {network: conack}
commands:
  a: {send: x, qos: 1}
  b: {send: x, publish: 'devices/#'}
",
    ));
    insta::assert_snapshot!(board_shown(
        "chip: x
commands:
  a: {send: x, publish: a, answers: b}
  b: {send: '{devise}', publish: a}
",
    ));
}

#[test]
fn faults_under_a_fault_that_is_in_force() {
    insta::assert_snapshot!(shown_for(&[
        "power_cut: {for: 1s, meanwhile: [brownout: {to: 1V}]}",
        "sensor_stuck: {input: temperature, for: 9s, meanwhile: [repeat: {times: 2, steps: [sensor_nack: {input: temperature, for: 1s}]}]}",
        "probe_lost: {for: 1s, meanwhile: [power_cut: {when: {log: {matches: x}}, for: 1s}]}",
        "sensor_stuck: {input: temperature, for: 9s, meanwhile: [power_cut: {for: 1s, while: [pause: 1s]}]}",
    ]));
}

fn facts(sha256: &str) -> std::rc::Rc<brownout_core::resolve::ImageFacts> {
    std::rc::Rc::new(brownout_core::resolve::ImageFacts { sha256: sha256.to_owned(), ..Default::default() })
}
