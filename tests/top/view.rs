//! What is on the screen, without a terminal.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Value, json};

use crate::app::{App, Wish};
use crate::screen::draw;
use crate::snapshot::{Snapshot, parse};
use crate::text::report;

/// The snapshot of a process after so many seconds, in which everything grows evenly.
fn snapshot(process: u32, seconds: u64) -> Snapshot {
    let worker = |polls: u64| {
        json!({
            "polls": polls * seconds, "steals": 3 * seconds, "stolen": 0, "parks": 7 * seconds, "wakeups": 0, "notified": 0,
            "next_slot": 1, "local_queue": 4,
            "poll_times": [{
                "from": { "secs": 0, "nanos": 0 }, "below": { "secs": 0, "nanos": 2500 }, "count": 100 * seconds
            }],
        })
    };
    let waiting: Vec<Value> = (1..=30)
        .map(|number: u64| {
            json!({
                "kind": "task", "spawned_at": format!("src/jobs.rs:{number}:5"), "state": "waiting", "count": number,
                "waiting": { "reason": "channel receive", "place": format!("/a/long/way/to/wait.rs:{number}:9") },
                "longest_ms": 100_000 - 1000 * number, "shortest_ms": 5, "sample": [],
            })
        })
        .collect();
    let snapshot = json!({
        "version": 1,
        "process": { "id": process, "name": "shop" },
        "uptime_ms": 1000 * seconds,
        "looks": { "rate": 200.0, "seats": 400 * seconds, "places": [
            { "spawned_at": "src/cart.rs:7:9", "seen": 100 * seconds },
            { "spawned_at": "src/busy.rs:3:1", "seen": 250 * seconds },
        ] },
        "runtimes": [{
            "workers": 2,
            "seats": [{ "task": 77, "spawned_at": "src/busy.rs:3:1", "for_ms": 12 }, null],
            "metrics": {
                "workers": [worker(1000), worker(2000)], "spare_workers": 0, "injector": 6, "stalls": 5,
                "io_events": 50 * seconds, "timers_pending": 8,
                "blocking": { "running": 1, "waiting": 0, "idle_threads": 0 },
                "tasks": { "alive": 465, "spawned": 11 * seconds, "ended": 9, "panicked": 2, "leaked": 1 },
            },
            "dump": { "tasks": 465, "threads": [], "groups": waiting },
        }],
    });
    parse(&snapshot.to_string()).expect("it is a snapshot")
}

fn app_after(seconds: impl IntoIterator<Item = u64>) -> App {
    let mut app = App::new("/run/shop".into());
    for second in seconds {
        app.hear(Ok(snapshot(1, second)));
    }
    app
}

/// The lines of the screen.
fn drawn(app: &mut App, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("nothing fails there");
    terminal
        .draw(|frame| draw(frame, app))
        .expect("nothing fails there");
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| line(y).trim_end().to_owned()).collect()
}

fn press(app: &mut App, code: KeyCode) -> Wish {
    app.press(KeyEvent::new(code, KeyModifiers::NONE))
}

#[track_caller]
fn assert_has(lines: &[String], parts: &[&str]) {
    let has = |line: &String| parts.iter().all(|part| line.contains(part));
    assert!(
        lines.iter().any(has),
        "{parts:?} is on no line of\n{}",
        lines.join("\n")
    );
}

#[test]
fn every_panel_is_on_a_small_screen() {
    let lines = drawn(&mut app_after([1, 2]), 80, 24);
    assert_eq!(lines[0], "shop (process 1), up 2.0 s, 2 workers, 5 stalls");
    assert_eq!(
        lines[1],
        "tasks: 465 alive, 11 spawned/s, 9 ended, 2 panicked, 1 leaked"
    );
    assert_has(
        &lines,
        &["0 polls 12 ms", "1000", "2.5 µs", "task 77 src/busy.rs:3:1"],
    );
    assert_has(&lines, &["1 idle", "2000", "▃ 5"]);
    assert_has(&lines, &["injector 6"]);
    assert_has(&lines, &["timers 8", "I/O events/s 50"]);
    assert_has(&lines, &["62.5 %", "250", "src/busy.rs:3:1"]);
    assert_has(&lines, &["25.0 %", "100", "src/cart.rs:7:9"]);
    assert_has(
        &lines,
        &["1 min 39 s", "channel receive at wait.rs:1:9", "src/jobs.rs:1:5"],
    );
    assert_has(&lines, &["q quit", "? help"]);
}

#[test]
fn a_large_screen_shows_all_that_waits_and_a_tiny_one_does_not_fail() {
    let lines = drawn(&mut app_after([1, 2]), 160, 80);
    assert_has(&lines, &["src/jobs.rs:30:5"]);
    for (width, height) in [(1, 1), (10, 3), (30, 8)] {
        drawn(&mut app_after([1, 2]), width, height);
    }
}

#[test]
fn the_arrows_scroll_no_further_than_to_the_end() {
    let mut app = app_after([1, 2]);
    for _ in 0..100 {
        press(&mut app, KeyCode::Down);
    }
    let lines = drawn(&mut app, 80, 24);
    assert_has(&lines, &["of 30)"]);
    assert_has(&lines, &["src/jobs.rs:30:5"]);
    press(&mut app, KeyCode::Up);
    assert!(
        !drawn(&mut app, 80, 24)
            .iter()
            .any(|line| line.ends_with("src/jobs.rs:30:5"))
    );
    press(&mut app, KeyCode::Home);
    assert_has(&drawn(&mut app, 80, 24), &["src/jobs.rs:1:5"]);
}

#[test]
fn s_sorts_by_the_number_of_tasks() {
    let mut app = app_after([1, 2]);
    press(&mut app, KeyCode::Char('s'));
    let lines = drawn(&mut app, 80, 24);
    assert_has(&lines, &["the most first"]);
    assert_has(&lines, &["src/jobs.rs:30:5"]);
}

#[test]
fn a_pause_holds_what_is_shown_until_it_ends() {
    let mut app = app_after([1, 2]);
    press(&mut app, KeyCode::Char('p'));
    app.hear(Ok(snapshot(1, 60)));
    let lines = drawn(&mut app, 80, 24);
    assert_has(&lines, &["up 2.0 s"]);
    assert_has(&lines, &["PAUSED"]);
    press(&mut app, KeyCode::Char('p'));
    app.hear(Ok(snapshot(1, 60)));
    assert_has(&drawn(&mut app, 80, 24), &["up 1 min 00 s"]);
}

#[test]
fn a_program_that_goes_is_told_and_one_that_comes_back_has_no_rates_of_the_other() {
    let mut app = app_after([1, 2]);
    app.hear(Err("nobody listens at /run/shop".to_owned()));
    let lines = drawn(&mut app, 80, 24);
    assert_has(&lines, &["nobody listens at /run/shop (it is tried again)"]);
    assert_has(&lines, &["up 2.0 s"]);
    app.hear(Ok(snapshot(2, 3)));
    let lines = drawn(&mut app, 80, 24);
    assert_has(&lines, &["process 2", "up 3.0 s"]);
    assert_has(&lines, &["I/O events/s -"]);
}

#[test]
fn before_the_first_answer_it_says_what_it_waits_for_and_what_is_wrong() {
    let mut app = App::new("/run/shop".into());
    assert_has(
        &drawn(&mut app, 80, 24),
        &["waiting for a first answer from /run/shop"],
    );
    app.hear(Err("nobody listens at /run/shop".to_owned()));
    assert_has(&drawn(&mut app, 80, 24), &["nobody listens"]);
}

#[test]
fn help_comes_and_goes_and_q_and_control_c_quit() {
    let mut app = app_after([1, 2]);
    press(&mut app, KeyCode::Char('?'));
    assert_has(&drawn(&mut app, 80, 24), &["the next runtime"]);
    assert_eq!(press(&mut app, KeyCode::Esc), Wish::GoOn);
    assert!(!drawn(&mut app, 80, 24).join("").contains("the next runtime"));
    assert_eq!(press(&mut app, KeyCode::Char('q')), Wish::Quit);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(app.press(control_c), Wish::Quit);
}

/// A program that counts less than this one shows is shown all the same.
#[test]
fn what_a_program_does_not_count_is_a_dash() {
    let (mut before, mut now) = (snapshot(1, 1), snapshot(1, 2));
    for snapshot in [&mut before, &mut now] {
        snapshot.runtimes[0].metrics = Default::default();
    }
    let text = report(&before, &now);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_has(&lines, &["injector", "-"]);
    assert_has(&lines, &["polls 12 ms", "-", "src/busy.rs:3:1"]);
}

#[test]
fn what_is_no_snapshot_of_this_version_is_refused_with_the_reason() {
    let refused = |line: &str| parse(line).err().expect("it is no snapshot");
    assert!(refused(r#"{"version":2}"#).contains("version 2"));
    assert_eq!(
        refused(r#"{"version":1,"error":"that is no request"}"#),
        "that is no request"
    );
    assert!(refused(r#"{"version":1}"#).contains("process"));
    assert!(refused("HTTP/1.1 400 Bad Request").contains("line 1"));
}
