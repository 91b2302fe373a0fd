//! The core as Python sees it: `ingest/native/_core.pyi` says what each name is.

mod columns;
mod flow;
mod lags;
mod packets;
mod requests;
mod stream;

use pyo3::prelude::*;

use crate::problem::Problem;

pyo3::create_exception!(
    _core,
    CoreProblem,
    pyo3::exceptions::PyException,
    "A problem by the name of its code: (code, what, where)."
);

/// A problem as the exception that `ingest.native` turns into a DataProblem.
fn raised(problem: Problem) -> PyErr {
    let places: Vec<(&str, String)> = problem.places;
    CoreProblem::new_err((problem.code, problem.what, places))
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("CoreProblem", module.py().get_type::<CoreProblem>())?;
    module.add_class::<columns::ImageColumns>()?;
    module.add_class::<flow::LaneFlow>()?;
    module.add_class::<packets::PacketFramer>()?;
    module.add_class::<packets::Packets>()?;
    module.add_class::<stream::StreamDecoder>()?;
    module.add_function(wrap_pyfunction!(lags::lags_of, module)?)?;
    module.add_function(wrap_pyfunction!(requests::encode_requests, module)?)?;
    Ok(())
}
