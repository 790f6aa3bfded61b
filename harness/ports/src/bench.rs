//! An opened rig: everything that a run may touch.

use crate::{
    Checkpoint, Clock, Console, Debug, FlashTrace, Link, Power, Reports, Services, Stimulus, Supply,
};
use brownout_core::names::Dut;
use std::collections::BTreeMap;
use std::rc::Rc;

/// An opened rig.
pub struct Bench {
    /// Its time.
    pub clock: Rc<dyn Clock>,
    /// The doors of each device.
    pub duts: BTreeMap<Dut, Doors>,
    /// What the ports see.
    pub reports: Reports,
    /// Saves it and puts it back, where that is possible.
    pub checkpoint: Option<Rc<dyn Checkpoint>>,
}

/// The doors of one device. A missing one was not in the rig file.
#[derive(Clone, Default)]
pub struct Doors {
    /// Debug probe.
    pub debug: Option<Rc<dyn Debug>>,
    /// Serial console.
    pub console: Option<Rc<dyn Console>>,
    /// Mains.
    pub power: Option<Rc<dyn Power>>,
    /// Flash trace.
    pub flash_trace: Option<Rc<dyn FlashTrace>>,
    /// Adjustable supply.
    pub supply: Option<Rc<dyn Supply>>,
    /// What the device senses.
    pub stimulus: Option<Rc<dyn Stimulus>>,
    /// Network cable.
    pub link: Option<Rc<dyn Link>>,
    /// The services at its other end.
    pub services: Option<Rc<dyn Services>>,
}
