//! What came out for one figure of a workload.

use std::fmt;

use super::machine::counted;
use super::{Better, Failure, Figure, Kind, Workload};

/// One figure of a workload, and what each contender reached.
#[derive(Debug)]
pub(super) struct Row {
    /// The workload's name, and the figure's if it has one.
    pub(super) name: String,
    /// What was measured.
    pub(super) figure: Figure,
    /// The contenders, the best first, and last those that failed.
    pub(super) lines: Vec<Line>,
}

/// What one contender reached.
#[derive(Debug)]
pub(super) struct Line {
    /// The contender's name.
    pub(super) contender: &'static str,
    /// How it takes part.
    pub(super) kind: Kind,
    /// What it measured in all rounds.
    pub(super) result: Result<Spread, Failed>,
}

/// The values of all rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    /// The one in the middle, or the mean of the two in the middle.
    pub(super) median: f64,
    /// The lowest.
    pub(super) min: f64,
    /// The highest.
    pub(super) max: f64,
}

/// A contender that failed at least once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failed {
    /// How it failed first.
    pub(super) failure: Failure,
    /// In how many rounds it failed.
    pub(super) failed: usize,
    /// How many rounds it took part in.
    pub(super) rounds: usize,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failed {
            failure,
            failed,
            rounds,
        } = self;
        match failure {
            Failure::Unavailable(_) => write!(f, "{failure}"),
            _ => write!(
                f,
                "failed in {failed} of {}: {failure}",
                counted(*rounds, "round")
            ),
        }
    }
}

/// What the measurements of a contender gave, a round each.
pub(super) type Outcomes = [Result<Vec<f64>, Failure>];

impl Row {
    /// The rows of a workload, one a figure. Each contender comes with what it gave, in the order of the workload's contenders.
    pub(super) fn of(workload: &Workload, outcomes: &[Vec<Result<Vec<f64>, Failure>>]) -> Vec<Row> {
        let rows = workload.figures.iter().enumerate().map(|(index, &figure)| {
            let lines = workload
                .contenders
                .iter()
                .zip(outcomes)
                .map(|(contender, outcomes)| Line {
                    contender: contender.name,
                    kind: contender.kind,
                    result: Spread::of(outcomes, index),
                });
            Row::new(name(&workload.name, figure), figure, lines.collect())
        });
        rows.collect()
    }

    /// A row of these lines, in whatever order they are.
    pub(super) fn new(name: String, figure: Figure, mut lines: Vec<Line>) -> Row {
        let rank = |line: &Line| match (&line.result, figure.better) {
            (Err(_), _) => f64::INFINITY,
            (Ok(spread), Better::Lower) => spread.median,
            (Ok(spread), Better::Higher) => -spread.median,
        };
        lines.sort_by(|left, right| rank(left).total_cmp(&rank(right)));
        Row { name, figure, lines }
    }

    /// Canter's line, if canter took part.
    pub(super) fn ours(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.kind == Kind::Ours)
    }

    /// Whether canter took part, and failed.
    pub(super) fn ours_failed(&self) -> bool {
        self.ours().is_some_and(|line| line.result.is_err())
    }

    /// The best of the peers that did not fail, and its values.
    pub(super) fn best_peer(&self) -> Option<(&Line, Spread)> {
        let peers = self.lines.iter().filter(|line| line.kind == Kind::Peer);
        peers
            .filter_map(|line| Some((line, *line.result.as_ref().ok()?)))
            .next()
    }

    /// Canter with other settings, as far as it did not fail, and the values.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&Line, Spread)> {
        let settings = self.lines.iter().filter(|line| line.kind == Kind::Setting);
        settings.filter_map(|line| Some((line, *line.result.as_ref().ok()?)))
    }

    /// How often canter is as good as the best peer: above one, canter is ahead. Nothing if one of them is missing or zero.
    pub(super) fn factor(&self) -> Option<f64> {
        self.factor_to(&self.best_peer()?.1)
    }

    /// How often canter is as good as that. Nothing if canter is missing, or if one of them is zero.
    pub(super) fn factor_to(&self, other: &Spread) -> Option<f64> {
        let ours = self.ours()?.result.as_ref().ok()?.median;
        let (above, below) = match self.figure.better {
            Better::Lower => (other.median, ours),
            Better::Higher => (ours, other.median),
        };
        (above > 0.0 && below > 0.0).then(|| above / below)
    }
}

/// The name of a figure's row.
fn name(workload: &str, figure: Figure) -> String {
    if figure.name.is_empty() {
        workload.into()
    } else {
        format!("{workload}/{}", figure.name)
    }
}

impl Spread {
    /// The spread of one figure over the rounds, unless one of them failed.
    fn of(outcomes: &Outcomes, figure: usize) -> Result<Spread, Failed> {
        let mut failures = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        if let Some(failure) = failures.next() {
            return Err(Failed {
                failure: failure.clone(),
                failed: 1 + failures.count(),
                rounds: outcomes.len(),
            });
        }
        let mut values: Vec<f64> = outcomes.iter().flatten().map(|figures| figures[figure]).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        Ok(Spread {
            median: f64::midpoint(values[(values.len() - 1) / 2], values[middle]),
            min: values[0],
            max: values[values.len() - 1],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Failed, Line, Row, Spread};
    use crate::versus::{Better, Contender, Failure, Figure, Kind, Workload};

    fn line(contender: &'static str, kind: Kind, median: f64) -> Line {
        let spread = Spread {
            median,
            min: median,
            max: median,
        };
        Line {
            contender,
            kind,
            result: Ok(spread),
        }
    }

    fn row(better: Better, ours: f64, peers: [f64; 2]) -> Row {
        let figure = Figure {
            name: "",
            unit: "ns",
            better,
        };
        let lines = vec![
            line("bound", Kind::Limit, 1.0),
            line("canter", Kind::Ours, ours),
            line("one", Kind::Peer, peers[0]),
            line("two", Kind::Peer, peers[1]),
        ];
        Row::new("row".into(), figure, lines)
    }

    /// The factor is above one where canter is ahead, whichever way is good, and the limit is no peer.
    #[test]
    fn the_factor_is_to_the_best_peer() {
        let lower = row(Better::Lower, 50.0, [100.0, 75.0]);
        assert_eq!(lower.best_peer().expect("there are two").0.contender, "two");
        assert_eq!(lower.factor(), Some(1.5));
        let higher = row(Better::Higher, 50.0, [100.0, 75.0]);
        assert_eq!(higher.best_peer().expect("there are two").0.contender, "one");
        assert_eq!(higher.factor(), Some(0.5));
    }

    /// Nothing is divided by zero, and zero is no factor.
    #[test]
    fn zero_has_no_factor() {
        for better in [Better::Lower, Better::Higher] {
            assert_eq!(row(better, 0.0, [1.0, 1.0]).factor(), None);
            assert_eq!(row(better, 1.0, [0.0, 0.0]).factor(), None);
        }
    }

    /// The best contender comes first, whichever way is good.
    #[test]
    fn the_best_is_first() {
        let order = |row: Row| row.lines.iter().map(|line| line.contender).collect::<Vec<_>>();
        let lower = order(row(Better::Lower, 2.0, [3.0, 4.0]));
        assert_eq!(lower, ["bound", "canter", "one", "two"]);
        let higher = order(row(Better::Higher, 2.0, [3.0, 4.0]));
        assert_eq!(higher, ["two", "one", "canter", "bound"]);
    }

    /// One failure in any round is a failure of the contender, and its figures don't count.
    #[test]
    fn a_failure_in_one_round_counts() {
        let never = |_: &_| Err(Failure::Mixed);
        let workload = Workload {
            name: "row".into(),
            about: String::new(),
            figures: Figure::TIME,
            times: 1,
            quick_times: 1,
            contenders: vec![Contender::ours(never), Contender::peer("hasty", never)],
        };
        let outcomes = [
            vec![Ok(vec![4.0]), Ok(vec![2.0]), Ok(vec![9.0]), Ok(vec![3.0])],
            vec![
                Ok(vec![1.0]),
                Err(Failure::Mixed),
                Ok(vec![1.0]),
                Err(Failure::Stuck),
            ],
        ];
        let rows = Row::of(&workload, &outcomes);
        let [row] = &rows[..] else { panic!("one figure") };
        let ours = row.ours().and_then(|line| line.result.as_ref().ok()).copied();
        let expected = Spread {
            median: 3.5,
            min: 2.0,
            max: 9.0,
        };
        assert_eq!(ours, Some(expected));
        let failed = Failed {
            failure: Failure::Mixed,
            failed: 2,
            rounds: 4,
        };
        assert_eq!(row.lines[1].result, Err(failed));
        assert_eq!(row.factor(), None);
    }
}
