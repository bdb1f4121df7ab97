//! A process that ends with its handle.

use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    end: Signal,
}

impl Process {
    /// Starts it; `end` is the signal that shall end it at once, with all that it has started.
    pub(crate) fn start(command: &mut Command, end: Signal) -> std::io::Result<Self> {
        let child = command.spawn()?;
        Ok(Self { child, end })
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn signal(&mut self, signal: Signal) {
        // Its id may be another's after that.
        if !self.has_ended() {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(self.end);
        self.child.wait().unwrap();
    }
}
