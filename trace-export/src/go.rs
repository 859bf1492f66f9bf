//! Not written yet.
use crate::{Error, output::Output, remark::Remarks};
use trace_reader::Trace;
pub(crate) fn write(_: &Trace, _: &mut Output<'_>, _: &mut Remarks) -> Result<(), Error> {
    Ok(())
}
