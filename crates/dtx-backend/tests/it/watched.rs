//! A program whose lines are read as they come.

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::program::{PATIENCE, Program};
use crate::workers;

/// A running program that somebody always reads: it loses no line, however long the test takes.
#[derive(Debug)]
pub(crate) struct Watched {
    program: Program,
    lines: watch::Receiver<Vec<Value>>,
}

impl Watched {
    /// Reads what a program writes from now on.
    pub(crate) fn new(mut program: Program) -> Self {
        let mut stdout = program.take_stdout();
        let (read, lines) = watch::channel(Vec::new());
        telemetry_core::spawn(async move {
            while let Some(line) = stdout.next_line().await.unwrap() {
                let line = serde_json::from_str(&line).unwrap();
                read.send_modify(|lines: &mut Vec<Value>| lines.push(line));
            }
        });
        Self { program, lines }
    }

    /// Its lines so far.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.lines.borrow().clone()
    }

    /// Waits for a line of an event, unless there is one.
    pub(crate) async fn told(&self, event: &str) {
        self.told_more_than(0, event.to_owned()).await;
    }

    /// Waits for another line of an event than those that there are at the time of the call.
    pub(crate) fn tells(&self, event: &str) -> impl Future<Output = ()> + use<> {
        self.told_more_than(count(&self.lines.borrow(), event), event.to_owned())
    }

    fn told_more_than(&self, times: usize, event: String) -> impl Future<Output = ()> + use<> {
        let mut lines = self.lines.clone();
        async move {
            let told = lines.wait_for(|lines| count(lines, &event) > times);
            let told = timeout(PATIENCE, told).await;
            told.unwrap_or_else(|_| panic!("no {event}")).unwrap();
        }
    }

    /// Ends the program, which must end in order; all its lines.
    pub(crate) async fn end(mut self) -> Vec<Value> {
        workers::end(self.program).await;
        while self.lines.changed().await.is_ok() {}
        self.lines.borrow().clone()
    }
}

/// How many of the lines are of an event.
pub(crate) fn count(lines: &[Value], event: &str) -> usize {
    lines.iter().filter(|line| line["event"] == event).count()
}
