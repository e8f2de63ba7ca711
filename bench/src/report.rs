//! What was measured: a table to read, and JSON to compare.

use serde::Serialize;

use crate::Outcome;

/// One figure, beside its limit where there is one.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub name: String,
    pub unit: &'static str,
    pub value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What is to be reached: an absolute figure, or how many times the limit.
    pub goal: Goal,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
    TimesLimit(f64),
    None,
}

impl Figure {
    fn verdict(&self) -> String {
        let (held, goal) = match (self.goal, self.limit) {
            (Goal::AtMost(goal), _) => (self.value <= goal, format!("≤ {goal}")),
            (Goal::AtLeast(goal), _) => (self.value >= goal, format!("≥ {goal}")),
            (Goal::TimesLimit(times), Some(limit)) => {
                (self.value <= limit * times, format!("≤ {times} × limit"))
            }
            _ => return String::new(),
        };
        format!("{goal} {}", if held { "✓" } else { "✗" })
    }
}

#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub figures: Vec<Figure>,
}

/// Where it was measured, and how much else went on.
#[derive(Debug, Default, Serialize)]
pub struct Machine {
    pub cores: usize,
    pub cpu: String,
    pub memory: String,
    pub kernel: String,
    /// The load average before the first measurement.
    pub load_before: String,
    /// The share of time that was taken by others, in percent, while it was measured.
    pub stolen_percent: f64,
}

impl Report {
    pub fn add(&mut self, name: impl Into<String>, unit: &'static str, value: f64) -> &mut Figure {
        let figure = Figure { name: name.into(), unit, value, limit: None, goal: Goal::None };
        say(&format!("  {}: {} {unit}", figure.name, rounded(value)));
        self.figures.push(figure);
        let last = self.figures.len() - 1;
        &mut self.figures[last]
    }

    /// Prints the table and writes the JSON.
    pub fn finish(&self, path: &std::path::Path) -> Outcome<()> {
        say(&format!("\n{:<62} {:>12} {:>12} {:>7}  goal", "figure", "value", "limit", "ratio"));
        for figure in &self.figures {
            let limit = figure.limit.map(rounded).unwrap_or_default();
            let ratio = figure.limit.map(|limit| format!("{:.2}", figure.value / limit));
            say(&format!(
                "{:<62} {:>12} {:>12} {:>7}  {}",
                format!("{} ({})", figure.name, figure.unit),
                rounded(figure.value),
                limit,
                ratio.unwrap_or_default(),
                figure.verdict(),
            ));
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")?;
        say(&format!("\nwritten to {}", path.display()));
        Ok(())
    }
}

impl Figure {
    pub fn limit(&mut self, limit: f64) -> &mut Self {
        self.limit = Some(limit);
        self
    }

    pub fn goal(&mut self, goal: Goal) {
        self.goal = goal;
    }
}

fn rounded(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.3}"),
        10.0..1_000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[expect(clippy::print_stdout, reason = "it is a program that reports")]
pub fn say(line: &str) {
    println!("{line}");
}

impl Machine {
    pub fn here() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let value = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key));
            line.and_then(|line| line.split(':').nth(1)).unwrap_or_default().trim().to_owned()
        };
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            cpu: value(&read("/proc/cpuinfo"), "model name"),
            memory: value(&read("/proc/meminfo"), "MemTotal"),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: read("/proc/loadavg").trim().to_owned(),
            stolen_percent: 0.0,
        }
    }
}

/// Ticks that were stolen, and all, since the machine started.
pub fn stolen() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> =
        first.split_whitespace().skip(1).filter_map(|tick| tick.parse().ok()).collect();
    (ticks.get(7).copied().unwrap_or(0.0), ticks.iter().sum())
}

/// The value below which `share` of the samples lie.
pub fn percentile(samples: &mut [u64], share: f64) -> f64 {
    if samples.is_empty() {
        return f64::NAN;
    }
    let at = ((samples.len() - 1) as f64 * share).round() as usize;
    *samples.select_nth_unstable(at).1 as f64
}
