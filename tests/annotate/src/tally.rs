//! What is counted, and how it is told.

use std::collections::BTreeMap;
use std::fmt;

/// Why there can be no region on a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    Const,
    Declaration,
    Naked,
    Gen,
    MacroCall,
    MacroCaller,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Const => "`const`",
            Self::Declaration => "declared without a body",
            Self::Naked => "naked",
            Self::Gen => "`gen`",
            Self::MacroCall => "in the call of a macro, which may not take attributes",
            Self::MacroCaller => "of a kind that is up to the caller of a macro",
        })
    }
}

#[derive(Default)]
pub(crate) struct Tally {
    files: usize,
    regions: usize,
    tests: usize,
    passed_over: BTreeMap<Reason, usize>,
}

impl Tally {
    pub(crate) fn file(&mut self) {
        self.files += 1;
    }

    pub(crate) fn region(&mut self) {
        self.regions += 1;
    }

    /// A function that is a test, which is a region too.
    pub(crate) fn test(&mut self) {
        self.tests += 1;
    }

    pub(crate) fn pass_over(&mut self, reason: Reason, functions: usize) {
        if functions > 0 {
            *self.passed_over.entry(reason).or_default() += functions;
        }
    }

    pub(crate) fn annotated(&self) -> usize {
        self.regions
    }

    #[cfg(test)]
    pub(crate) fn passed_over(&self) -> Vec<(Reason, usize)> {
        self.passed_over.iter().map(|(reason, functions)| (*reason, *functions)).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, regions, tests, passed_over } = self;
        let others: usize = passed_over.values().sum();
        write!(
            f,
            "{} functions in {files} changed files: {regions} annotated, {tests} of them as tests; {others} not",
            regions + others
        )?;
        for (reason, functions) in passed_over {
            write!(f, "\n  {functions} {reason}")?;
        }
        Ok(())
    }
}
