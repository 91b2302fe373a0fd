//! `lags`: how late transactions are.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

/// (transactions per bucket, sum in milliseconds); None when stamps end within one.
#[pyfunction]
#[pyo3(name = "lags")]
pub fn lags_of(slices: Vec<PyBackedBytes>, now_us: u64, bounds_ms: Vec<f64>) -> Option<(Vec<u64>, f64)> {
    let slices: Vec<&[u8]> = slices.iter().map(|packed| &**packed).collect();
    crate::lags::lags(&slices, now_us, &bounds_ms)
}
