//! Template errors and their lines.

use std::fmt;

/// A template that this stack cannot run, displayed as `template.yaml:57: what is wrong`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    file: String,
    line: Option<usize>,
    message: String,
}

impl TemplateError {
    pub(super) fn unreadable(file: &str, message: String) -> Self {
        Self { file: file.to_owned(), line: None, message }
    }

    pub(super) fn at(file: &str, refusal: Refusal) -> Self {
        Self { file: file.to_owned(), line: Some(refusal.line), message: refusal.message }
    }

    /// The offending line, counted from 1; `None` if the file could not be read at all.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for TemplateError {}

/// An error inside the reader, which knows the line but not the file.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) line: usize,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// The result of reading a part of the template.
pub(super) type Read<T> = Result<T, Refusal>;
