//! What the view knows and what a key does to it.

use std::collections::VecDeque;
use std::path::PathBuf;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::rows::{Order, Pair};
use crate::snapshot::Snapshot;

/// How much of the past the sparklines show.
const MEMORY: usize = 240;

/// What follows from a key or from news.
#[derive(PartialEq, Eq, Debug)]
pub enum Wish {
    GoOn,
    Quit,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Panel {
    Workers,
    Busiest,
    Waiting,
}

pub struct App {
    pub path: PathBuf,
    pub before: Option<Snapshot>,
    pub now: Option<Snapshot>,
    /// Why there is no news.
    pub problem: Option<String>,
    pub is_paused: bool,
    pub shows_help: bool,
    pub order: Order,
    /// The panel that the arrows scroll, and by how much each is scrolled.
    pub panel: Panel,
    pub scrolled: [usize; 3],
    pub runtime: usize,
    /// What each level was, the newest first.
    pub past: Vec<VecDeque<u64>>,
}

impl App {
    pub fn new(path: PathBuf) -> App {
        App {
            path,
            before: None,
            now: None,
            problem: None,
            is_paused: false,
            shows_help: false,
            order: Order::Longest,
            panel: Panel::Waiting,
            scrolled: [0; 3],
            runtime: 0,
            past: Vec::new(),
        }
    }

    pub fn hear(&mut self, heard: Result<Snapshot, String>) -> Wish {
        if self.is_paused {
            return Wish::GoOn;
        }
        match heard {
            Ok(snapshot) => {
                let is_another = |now: &Snapshot| now.process.id != snapshot.process.id;
                if self.now.as_ref().is_some_and(is_another) {
                    self.past.clear();
                }
                self.runtime = self.runtime.min(snapshot.runtimes.len().saturating_sub(1));
                self.before = self.now.replace(snapshot);
                self.problem = None;
                self.remember();
            }
            Err(problem) => self.problem = Some(problem),
        }
        Wish::GoOn
    }

    pub fn pair(&self) -> Option<Pair<'_>> {
        let now = self.now.as_ref()?;
        Some(Pair::new(self.before.as_ref(), now, self.runtime))
    }

    fn remember(&mut self) {
        let Some(pair) = self.pair() else { return };
        let levels = pair.levels();
        self.past.resize_with(levels.len(), VecDeque::new);
        for (past, level) in self.past.iter_mut().zip(levels) {
            past.push_front(level.value.unwrap_or(0));
            past.truncate(MEMORY);
        }
    }

    pub fn press(&mut self, key: KeyEvent) -> Wish {
        if key.kind == KeyEventKind::Release {
            return Wish::GoOn;
        }
        if self.shows_help && key.code == KeyCode::Esc {
            self.shows_help = false;
            return Wish::GoOn;
        }
        let scrolled = &mut self.scrolled[self.panel as usize];
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Wish::Quit,
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Wish::Quit,
            KeyCode::Char('p') => self.is_paused = !self.is_paused,
            KeyCode::Char('?' | 'h') => self.shows_help = !self.shows_help,
            KeyCode::Char('s') => {
                self.order = match self.order {
                    Order::Longest => Order::Most,
                    Order::Most => Order::Longest,
                };
            }
            KeyCode::Char('r') => {
                let runtimes = self.now.as_ref().map_or(1, |now| now.runtimes.len().max(1));
                self.runtime = (self.runtime + 1) % runtimes;
                self.past.clear();
            }
            KeyCode::Tab => {
                self.panel = match self.panel {
                    Panel::Workers => Panel::Busiest,
                    Panel::Busiest => Panel::Waiting,
                    Panel::Waiting => Panel::Workers,
                };
            }
            KeyCode::Up => *scrolled = scrolled.saturating_sub(1),
            KeyCode::Down => *scrolled += 1, // the screen knows how far that can go
            KeyCode::PageUp => *scrolled = scrolled.saturating_sub(10),
            KeyCode::PageDown => *scrolled += 10,
            KeyCode::Home => *scrolled = 0,
            _ => {}
        }
        Wish::GoOn
    }
}
