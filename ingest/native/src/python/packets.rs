//! `PacketFramer` and `Packets`: socket bytes to events, which a stream takes without making them Python's.

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::raised;
use crate::packets;

#[pyclass(module = "ingest.native._core", frozen)]
pub struct Packets {
    pub packets: packets::Packets,
}

#[pymethods]
impl Packets {
    fn __len__(&self) -> usize {
        self.packets.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyBytes>> {
        match self.packets.iter().nth(index) {
            Some(event) => Ok(PyBytes::new(py, event)),
            None => Err(PyIndexError::new_err(format!("there is no event {index}"))),
        }
    }

    #[getter]
    fn size_bytes(&self) -> usize {
        self.packets.size_bytes()
    }

    #[getter]
    fn ending<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.packets.ending.as_ref().map(|payload| PyBytes::new(py, payload))
    }
}

#[pyclass(module = "ingest.native._core")]
pub struct PacketFramer {
    framer: packets::Framer,
}

#[pymethods]
impl PacketFramer {
    #[new]
    fn new(next_sequence: u8, payload_limit_bytes: usize) -> Self {
        PacketFramer { framer: packets::Framer::new(next_sequence, payload_limit_bytes) }
    }

    #[getter]
    fn buffered_bytes(&self) -> usize {
        self.framer.buffered_bytes()
    }

    fn feed(&mut self, data: &[u8]) -> PyResult<Packets> {
        Ok(Packets { packets: self.framer.feed(data).map_err(raised)? })
    }
}
