//! What a firmware image says of itself: what goes where, and how its log is to be read.

use brownout_core::plan::Symbol;
use brownout_core::port::{Port, PortError, Trouble};
use object::read::elf::{ElfFile32, FileHeader, ProgramHeader};
use object::{FileKind, Object, ObjectSymbol, SymbolKind, elf};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::Path;

/// An ELF file, taken apart.
pub(crate) struct Image {
    /// What goes where, by load address.
    pub(crate) segments: Vec<(u64, Vec<u8>)>,
    /// Address of the RTT control block, if it has one.
    pub(crate) rtt: Option<u64>,
    /// How to read its defmt frames, if it has any.
    pub(crate) defmt: Option<defmt_decoder::Table>,
}

/// The symbols of an ELF file by name; where a name stands twice, the first with a size.
///
/// # Errors
/// The file cannot be read, or is no ELF file for a 32-bit Arm.
pub fn symbols(bytes: &[u8]) -> Result<BTreeMap<String, Symbol>, String> {
    let file: ElfFile32<'_> =
        ElfFile32::parse(bytes).map_err(|error| format!("this is no 32-bit ELF file ({error})"))?;
    let mut symbols: BTreeMap<String, Symbol> = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.is_definition()) {
        let (Ok(name), Ok(address), Ok(size)) =
            (symbol.name(), u32::try_from(symbol.address()), u32::try_from(symbol.size()))
        else {
            continue;
        };
        let is_code = symbol.kind() == SymbolKind::Text;
        let found = Symbol { address: if is_code { address & !1 } else { address }, size };
        match symbols.entry(name.to_owned()) {
            Entry::Vacant(slot) => {
                slot.insert(found);
            }
            Entry::Occupied(mut slot) if slot.get().size == 0 => {
                slot.insert(found);
            }
            Entry::Occupied(_) => {}
        }
    }
    Ok(symbols)
}

impl Image {
    /// Reads an ELF file for a 32-bit Arm.
    pub(crate) fn read(path: &Path) -> Result<Self, PortError> {
        let wrong = |trouble, message: String, help: &str| PortError {
            port: Port::Debug,
            trouble,
            message: format!("{}: {message}", path.display()),
            help: Some(help.to_owned()),
        };
        let bytes = fs::read(path).map_err(|error| {
            wrong(Trouble::Absent, error.to_string(), "name another image with --image, or build it")
        })?;
        let mismatch = |message: String| {
            wrong(Trouble::Mismatch, message, "an image is an ELF file for a 32-bit little-endian Arm")
        };
        match FileKind::parse(&*bytes) {
            Ok(FileKind::Elf32) => {}
            Ok(FileKind::Elf64) => return Err(mismatch("this ELF file is for a 64-bit machine".into())),
            _ => return Err(mismatch("this is not an ELF file".into())),
        }
        let file: ElfFile32<'_> = ElfFile32::parse(&*bytes)
            .map_err(|error| mismatch(format!("this ELF file cannot be read ({error})")))?;
        let endian = file.endian();
        let machine = file.elf_header().e_machine(endian);
        if machine != elf::EM_ARM {
            return Err(mismatch(format!(
                "this ELF file is for machine {machine}, not for Arm ({})",
                elf::EM_ARM
            )));
        }
        let mut segments = Vec::new();
        for header in file.elf_program_headers() {
            if header.p_type(endian) != elf::PT_LOAD || header.p_filesz(endian) == 0 {
                continue;
            }
            let data = header
                .data(endian, &*bytes)
                .map_err(|()| mismatch("a segment lies outside the file".into()))?;
            segments.push((u64::from(header.p_paddr(endian)), data.to_vec()));
        }
        if segments.is_empty() {
            return Err(mismatch("it has nothing to load".into()));
        }
        let rtt = file.symbols().find(|s| s.name() == Ok("_SEGGER_RTT")).map(|s| s.address());
        let defmt = defmt_decoder::Table::parse(&bytes)
            .map_err(|error| mismatch(format!("its defmt table cannot be read ({error})")))?;
        Ok(Self { segments, rtt, defmt })
    }
}
