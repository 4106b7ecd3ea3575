//! The program: what it does for a person, and what it does for itself.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use console::style;

use super::contest::{Contest, Outcome};
use super::group::Group;
use super::machine::Machine;
use super::network::{self, Server};
use super::options::{CommandLine, Measurement, Options, Role, Served};
use super::output::{say, wrapped};
use super::report::Report;
use super::row::Row;
use super::{Series, Workload, echo, http, measure, plot, scale, summary, table};

/// The program `versus`, for these workloads and series. The process that it starts for each measurement has to be the same
/// program with the same ones.
#[derive(Debug)]
pub struct Program {
    /// What is measured.
    pub workloads: Vec<Workload>,
    /// What is measured to see how cost grows.
    pub series: Vec<Series>,
}

impl Program {
    /// Does what the command line asks for. Fails if canter failed.
    pub fn main(self) -> ExitCode {
        let command_line = CommandLine::parse();
        let done = match command_line.role {
            Some(Role::Measure(measurement)) => self.measure(&measurement),
            Some(Role::Serve {
                service,
                contender,
                workers,
            }) => {
                let servers: &[Server] = match service {
                    Served::Echo => &echo::SERVERS,
                    Served::Http => &http::SERVERS,
                };
                network::serve(servers, &contender, workers)
            }
            None => self.contest(&command_line.options),
        };
        done.unwrap_or_else(|error| {
            eprintln!("error: {error}");
            ExitCode::from(2)
        })
    }

    /// Measures once, in this process, and prints the result.
    fn measure(self, measurement: &Measurement) -> Result<ExitCode, Box<dyn Error>> {
        let at_points = self
            .series
            .iter()
            .flat_map(|series| series.points.iter().map(|&point| series.at(point)));
        let mut workloads = self.workloads.into_iter().chain(at_points);
        let Measurement {
            workload, contender, ..
        } = measurement;
        let found = workloads
            .find(|candidate| candidate.name == *workload)
            .ok_or_else(|| format!("there is no workload {workload}"))?;
        let found = found
            .contenders
            .iter()
            .find(|candidate| candidate.name == *contender);
        let contender = found.ok_or_else(|| format!("there is no contender {contender} in {workload}"))?;
        say(measure::answer(contender, measurement)?);
        Ok(ExitCode::SUCCESS)
    }

    /// Measures everything that the options ask for.
    fn contest(self, options: &Options) -> Result<ExitCode, Box<dyn Error>> {
        let groups = self.groups(options)?;
        if options.list {
            list(&groups);
            return Ok(ExitCode::SUCCESS);
        }
        let json = options.json.as_deref().map(create).transpose()?;
        if let Some(folder) = &options.plot {
            plot::make_folder(folder)?;
        }
        let machine = Machine::this(options);
        say(format_args!(
            "{}\n{}",
            style("versus").bold(),
            style(&machine).dim()
        ));
        let mut drawn = Ok(());
        let outcomes = Contest::new(&groups, options)?.run(&groups, |group, outcome| {
            show(group, outcome);
            if let (Some(folder), Ok(())) = (&options.plot, &drawn) {
                drawn = draw(folder, group, outcome);
            }
        });
        let rows: Vec<&Row> = outcomes
            .iter()
            .flat_map(|outcome| outcome.rows.iter().flatten())
            .collect();
        summary::print(&rows);
        if let Some(json) = json {
            Report::new(&machine, &rows).write(BufWriter::new(json))?;
        }
        drawn?;
        Ok(ExitCode::from(u8::from(rows.iter().any(|row| row.ours_failed()))))
    }

    /// What the options ask for.
    fn groups(self, options: &Options) -> Result<Vec<Group>, String> {
        let all: Vec<Group> = if options.scale {
            let series = self.series.into_iter();
            series
                .map(|series| Group::of_series(series, options.quick))
                .collect()
        } else {
            self.workloads.into_iter().map(Group::of_workload).collect()
        };
        let choice = choice(&all);
        let wanted: Vec<Group> = all
            .into_iter()
            .filter_map(|group| group.wanted(options))
            .collect();
        if wanted.is_empty() {
            return Err(format!("nothing fits --only; there is\n{choice}"));
        }
        Ok(wanted)
    }
}

/// The names of what can be chosen from.
fn choice(groups: &[Group]) -> String {
    let workloads = || groups.iter().flat_map(|group| &group.workloads);
    let contenders: BTreeSet<&str> = workloads()
        .flat_map(|workload| &workload.contenders)
        .map(|contender| contender.name)
        .collect();
    let mut lines: Vec<String> = workloads()
        .map(|workload| format!("  {}", workload.name))
        .collect();
    let contenders: Vec<&str> = contenders.into_iter().collect();
    lines.push(format!(
        "each as workload/contender, by {}",
        contenders.join(", ")
    ));
    lines.join("\n")
}

fn create(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| format!("{} can't be written: {error}", path.display()))
}

/// Lists the workloads and the series, and who takes part.
fn list(groups: &[Group]) {
    for group in groups {
        let (names, about): (Vec<&str>, &str) = match &group.series {
            Some((series, _)) => (
                group.workloads.iter().map(|workload| &*workload.name).collect(),
                series.about,
            ),
            None => (vec![&group.workloads[0].name], &group.workloads[0].about),
        };
        let mut contenders: Vec<&str> = Vec::new();
        for contender in group.workloads.iter().flat_map(|workload| &workload.contenders) {
            if !contenders.contains(&contender.name) {
                contenders.push(contender.name);
            }
        }
        say(style(names.join(" ")).bold());
        say(wrapped(about));
        say(style(wrapped(&contenders.join(", "))).dim());
    }
}

fn show(group: &Group, outcome: &Outcome) {
    match &group.series {
        None => table::print(&group.workloads[0], outcome),
        Some((series, points)) => {
            table::print_title(&format!("scale/{}", series.name), series.about, outcome.rounds);
            scale::print(series, points, &outcome.rows);
        }
    }
}

fn draw(folder: &Path, group: &Group, outcome: &Outcome) -> Result<(), String> {
    match &group.series {
        None => outcome
            .rows
            .iter()
            .flatten()
            .try_for_each(|row| plot::bars(folder, row)),
        Some((series, points)) => plot::lines(folder, series, points, &outcome.rows),
    }
}
