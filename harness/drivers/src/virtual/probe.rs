//! A debug probe that is wired to a virtual board in the same process, for the unmodified probe-rs.
//!
//! On a virtual clock nothing may depend on when the operating system wakes whom. Here a transfer *is* the passing
//! of time: the board lives for as long as its bits take on the wire, then the transfer happens, then its result
//! is known. A read of DHCSR, which a debugger polls for a halt, lets the board run until it halts, for
//! [`POLL`] at most.

use std::fmt;
use std::sync::{Arc, Mutex};

use brownout_board::doors::Device;
use brownout_board::doors::glasgow::Cable;
use brownout_board::swd::{Ack, DHCSR, DebugPort, DebugTarget, Direction, Refused, Request, Width};
use brownout_board::time::Cycles;
use probe_rs::architecture::arm::dp::{DpRegister, RdBuff};
use probe_rs::architecture::arm::sequences::ArmDebugSequence;
use probe_rs::architecture::arm::{
    ArmCommunicationInterface, ArmDebugInterface, ArmError, DapError, DapProbe, RawDapAccess, RegisterAddress,
};
use probe_rs::probe::{DebugProbe, DebugProbeError, Probe, WireProtocol};
use probe_rs::{CoreStatus, Error};

/// How long the core may run while the debugger waits for the answer to one look at its state.
pub const POLL: Cycles = Cycles::from_micros(1000);

/// SWD clock of a fresh probe, in kHz.
const DEFAULT_SPEED_KHZ: u32 = 4000;
/// Fastest SWD clock of the nRF52840 (PS v1.7 §3.8.8), in kHz.
const MAX_SPEED_KHZ: u32 = 8000;
/// Pin 7 of `swj_pins`: nRESET.
const PIN_NRESET: u32 = 1 << 7;

/// A probe on the board that `device` holds.
///
/// probe-rs wants a probe that is `Send`, so the board is shared by a mutex. It is locked for one transfer at a time
/// and never waited for: whoever holds it while it calls probe-rs gets an error and no deadlock.
pub struct VirtualProbe<D> {
    device: Arc<Mutex<D>>,
    port: DebugPort,
    speed_khz: u32,
}

impl<D> fmt::Debug for VirtualProbe<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualProbe").field("speed_khz", &self.speed_khz).finish_non_exhaustive()
    }
}

impl<D: Device + Send + 'static> VirtualProbe<D> {
    /// Wires a probe to the board.
    pub fn new(device: Arc<Mutex<D>>) -> Self {
        Self { device, port: DebugPort::new(), speed_khz: DEFAULT_SPEED_KHZ }
    }

    /// The same as the probe that probe-rs attaches with.
    pub fn open(device: Arc<Mutex<D>>) -> Probe {
        Probe::from_specific_probe(Box::new(Self::new(device)))
    }

    /// Does something over the wire.
    fn wire<R>(
        &mut self,
        act: impl FnOnce(&mut DebugPort, &mut Wire<'_, D>) -> R,
    ) -> Result<R, DebugProbeError> {
        let mut device = self.device.try_lock().map_err(|_| {
            DebugProbeError::Other("the virtual board is in use while its probe is called".into())
        })?;
        Ok(act(&mut self.port, &mut Wire { device: &mut *device, speed_khz: self.speed_khz }))
    }

    /// As [`Self::wire`], unless nobody is there: without this, probe-rs looks for the target for five seconds.
    fn powered_wire<R>(
        &mut self,
        act: impl FnOnce(&mut DebugPort, &mut Wire<'_, D>) -> R,
    ) -> Result<R, DebugProbeError> {
        self.wire(|port, wire| wire.device.power_epoch().is_some().then(|| act(port, wire)))?
            .ok_or(DebugProbeError::TargetNotFound)
    }

    fn transfer(&mut self, address: RegisterAddress, direction: Direction) -> Result<u32, ArmError> {
        let request = Request { ap: address.is_ap(), address: address.a2_and_3(), direction };
        let ack = self.wire(|port, wire| {
            let ack = port.transfer(request, wire);
            // A posted write that fails is told at once here, to the one who wrote it.
            let failed = port.sticky_error() && matches!(direction, Direction::Write(_)) && request.ap;
            if failed { Ack::Fault } else { ack }
        })?;
        match ack {
            Ack::Ok(value) => Ok(value),
            Ack::Fault => {
                self.port.clear_sticky_error();
                Err(DapError::FaultResponse.into())
            }
            Ack::None => Err(DapError::NoAcknowledge.into()),
        }
    }
}

impl<D: Device + Send + 'static> RawDapAccess for VirtualProbe<D> {
    fn raw_read_register(&mut self, address: RegisterAddress) -> Result<u32, ArmError> {
        let value = self.transfer(address, Direction::Read)?;
        if address.is_ap() {
            self.transfer(RegisterAddress::DpRegister(RdBuff::ADDRESS), Direction::Read)
        } else {
            Ok(value)
        }
    }

    fn raw_read_block(&mut self, address: RegisterAddress, values: &mut [u32]) -> Result<(), ArmError> {
        // The first answer is what was posted before; each further one belongs to the read before it.
        let mut values = values.iter_mut().peekable();
        if values.peek().is_some() {
            self.transfer(address, Direction::Read)?;
        }
        while let Some(value) = values.next() {
            let next = match values.peek() {
                Some(_) => address,
                None => RegisterAddress::DpRegister(RdBuff::ADDRESS),
            };
            *value = self.transfer(next, Direction::Read)?;
        }
        Ok(())
    }

    fn raw_write_register(&mut self, address: RegisterAddress, value: u32) -> Result<(), ArmError> {
        self.transfer(address, Direction::Write(value)).map(drop)
    }

    fn jtag_sequence(&mut self, _cycles: u8, _tms: bool, _tdi: u64) -> Result<(), DebugProbeError> {
        Err(DebugProbeError::CommandNotSupportedByProbe { command_name: "jtag_sequence" })
    }

    fn swj_sequence(&mut self, bit_len: u8, bits: u64) -> Result<(), DebugProbeError> {
        self.powered_wire(|port, wire| {
            port.sequence(bit_len.min(32), bits as u32, wire);
            port.sequence(bit_len.saturating_sub(32), (bits >> 32) as u32, wire);
        })
    }

    fn swj_pins(&mut self, pin_out: u32, pin_select: u32, _pin_wait: u32) -> Result<u32, DebugProbeError> {
        if pin_select != PIN_NRESET {
            return Err(DebugProbeError::CommandNotSupportedByProbe { command_name: "swj_pins" });
        }
        self.wire(|_, wire| wire.reset_pin(pin_out & PIN_NRESET == 0))?;
        Ok(pin_out & PIN_NRESET)
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn core_status_notification(&mut self, _state: CoreStatus) -> Result<(), DebugProbeError> {
        Ok(())
    }
}

impl<D: Device + Send + 'static> DapProbe for VirtualProbe<D> {}

impl<D: Device + Send + 'static> DebugProbe for VirtualProbe<D> {
    fn get_name(&self) -> &str {
        "Virtual board"
    }

    fn speed_khz(&self) -> u32 {
        self.speed_khz
    }

    fn set_speed(&mut self, speed_khz: u32) -> Result<u32, DebugProbeError> {
        if speed_khz == 0 {
            return Err(DebugProbeError::UnsupportedSpeed(speed_khz));
        }
        self.speed_khz = speed_khz.min(MAX_SPEED_KHZ);
        Ok(self.speed_khz)
    }

    fn attach(&mut self) -> Result<(), DebugProbeError> {
        self.powered_wire(|_, _| ())
    }

    fn detach(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn target_reset(&mut self) -> Result<(), DebugProbeError> {
        self.target_reset_assert()?;
        self.target_reset_deassert()
    }

    fn target_reset_assert(&mut self) -> Result<(), DebugProbeError> {
        self.wire(|_, wire| wire.reset_pin(true))
    }

    fn target_reset_deassert(&mut self) -> Result<(), DebugProbeError> {
        self.wire(|_, wire| wire.reset_pin(false))
    }

    fn select_protocol(&mut self, protocol: WireProtocol) -> Result<(), DebugProbeError> {
        match protocol {
            WireProtocol::Swd => Ok(()),
            WireProtocol::Jtag => Err(DebugProbeError::UnsupportedProtocol(protocol)),
        }
    }

    fn active_protocol(&self) -> Option<WireProtocol> {
        Some(WireProtocol::Swd)
    }

    fn has_arm_interface(&self) -> bool {
        true
    }

    fn try_get_arm_debug_interface<'probe>(
        self: Box<Self>,
        sequence: Arc<dyn ArmDebugSequence>,
    ) -> Result<Box<dyn ArmDebugInterface + 'probe>, (Box<dyn DebugProbe>, ArmError)> {
        Ok(ArmCommunicationInterface::create(self, sequence, false))
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn try_as_dap_probe(&mut self) -> Option<&mut dyn DapProbe> {
        Some(self)
    }
}

/// The wire to a board whose time passes by what is done on it.
struct Wire<'a, D> {
    device: &'a mut D,
    speed_khz: u32,
}

impl<D: Device> DebugTarget for Wire<'_, D> {
    fn power_epoch(&self) -> Option<u64> {
        self.device.power_epoch()
    }

    fn wire_time(&mut self, bits: u32) {
        let cycles = u64::from(bits) * (Cycles::HZ / 1000) / u64::from(self.speed_khz.max(1));
        let until = self.device.now() + Cycles(cycles);
        let mut before = None;
        // Once more when the core halted on the way: the time passes all the same.
        while self.device.now() < until && before != Some(self.device.now()) {
            before = Some(self.device.now());
            self.device.run(until);
        }
    }

    fn read(&mut self, address: u32, width: Width) -> Result<u32, Refused> {
        if address == DHCSR && !self.device.halted() {
            let until = self.device.now() + POLL;
            self.device.run(until);
        }
        self.device.read(address, width)
    }

    fn write(&mut self, address: u32, width: Width, value: u32) -> Result<(), Refused> {
        self.device.write(address, width, value)
    }

    fn power_debug_interface(&mut self, on: bool) {
        self.device.power_debug_interface(on);
    }

    fn protected(&self) -> bool {
        self.device.protected()
    }

    fn hold_reset(&mut self, held: bool) {
        self.device.hold_reset(held);
    }

    fn erase_all(&mut self) {
        self.device.erase_all();
    }

    fn erasing_all(&self) -> bool {
        self.device.erasing_all()
    }
}

impl<D: Device> Cable for Wire<'_, D> {
    fn reset_pin(&mut self, asserted: bool) {
        self.device.reset_pin(asserted);
    }
}
