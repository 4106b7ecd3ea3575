//! What is interleaved with each other: one workload, or a series at all its points.

use super::options::Options;
use super::{Series, Workload};

/// Workloads whose contenders run in turn, round after round.
#[derive(Debug)]
pub(super) struct Group {
    /// The series, and its points in the order of the workloads.
    pub(super) series: Option<(Series, Vec<u64>)>,
    /// The workloads, with the contenders that are wanted. There is at least one.
    pub(super) workloads: Vec<Workload>,
}

impl Group {
    /// One workload by itself.
    pub(super) fn of_workload(workload: Workload) -> Group {
        Group {
            series: None,
            workloads: vec![workload],
        }
    }

    /// A series.
    pub(super) fn of_series(series: Series, quick: bool) -> Group {
        let points = series.points(quick);
        let workloads = points.iter().map(|&point| series.at(point)).collect();
        Group {
            series: Some((series, points)),
            workloads,
        }
    }

    /// What is left of it when only the wanted contenders run, if anything is.
    pub(super) fn wanted(mut self, options: &Options) -> Option<Group> {
        for workload in &mut self.workloads {
            let name = &workload.name;
            workload
                .contenders
                .retain(|contender| options.wants(name, contender.name));
        }
        if let Some((_, points)) = &mut self.series {
            let mut workloads = self.workloads.iter();
            points.retain(|_| {
                workloads
                    .next()
                    .is_some_and(|workload| !workload.contenders.is_empty())
            });
        }
        self.workloads.retain(|workload| !workload.contenders.is_empty());
        (!self.workloads.is_empty()).then_some(self)
    }

    /// How many measurements a round of it takes.
    pub(super) fn measurements(&self) -> usize {
        self.workloads
            .iter()
            .map(|workload| workload.contenders.len())
            .sum()
    }
}
