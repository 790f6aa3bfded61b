//! What an unknown firmware image gives away about the device that it is for.

use brownout_core::plan::Symbol;
use object::read::elf::{ElfFile32, FileHeader, ProgramHeader};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind, elf};

/// What somebody who writes a board file can use of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// A chip of the family that the memory map speaks for, as probe-rs calls it.
    pub chip: Option<&'static str>,
    /// It has a control block for RTT.
    pub rtt: bool,
    /// Its log is defmt.
    pub defmt: bool,
    /// Variables in RAM that a watchpoint can watch, by name; those of the program first, the libraries' last.
    pub variables: Vec<(String, Symbol)>,
}

/// Families by where their flash begins, and one chip of each (their reference manuals: memory maps).
const FAMILIES: &[(std::ops::Range<u32>, &str)] = &[
    (0x0000_0000..0x0010_0000, "nRF52840_xxAA"),
    (0x0800_0000..0x0820_0000, "STM32F407VGTx"),
    (0x1000_0000..0x1100_0000, "RP2040"),
    (0x0040_0000..0x0050_0000, "ATSAM4S16C"),
];

/// Looks at an ELF file.
///
/// # Errors
/// It is none for a 32-bit machine.
pub fn looks(bytes: &[u8]) -> Result<Looks, String> {
    let file: ElfFile32<'_> =
        ElfFile32::parse(bytes).map_err(|error| format!("this is no 32-bit ELF file ({error})"))?;
    let (endian, header) = (file.endian(), file.elf_header());
    let headers = header.program_headers(endian, bytes).map_err(|error| error.to_string())?;
    let loaded =
        headers.iter().filter(|part| part.p_type(endian) == elf::PT_LOAD && part.p_filesz(endian) > 0);
    let first = loaded.map(|part| part.p_paddr(endian)).min();
    let chip = first
        .filter(|_| header.e_machine(endian) == elf::EM_ARM)
        .and_then(|first| FAMILIES.iter().find(|(flash, _)| flash.contains(&first)).map(|(_, chip)| *chip));
    let mut variables: Vec<(String, Symbol)> = file
        .symbols()
        .filter(|symbol| symbol.is_definition() && symbol.kind() == SymbolKind::Data)
        .filter_map(|symbol| {
            let (address, size) = (u32::try_from(symbol.address()).ok()?, u32::try_from(symbol.size()).ok()?);
            let in_ram = (0x2000_0000..0x4000_0000).contains(&address);
            let watchable = matches!(size, 1 | 2 | 4) && address.is_multiple_of(size);
            (in_ram && watchable).then(|| Some((symbol.name().ok()?.to_owned(), Symbol { address, size })))?
        })
        .collect();
    let strange = |name: &str| name.starts_with('_') || name.contains(['.', '$']) || name.len() > 40;
    variables.sort_by(|(one, _), (other, _)| (strange(one), one).cmp(&(strange(other), other)));
    variables.dedup();
    let rtt = file.symbols().any(|symbol| symbol.name() == Ok("_SEGGER_RTT"));
    let defmt = file.sections().any(|section| section.name() == Ok(".defmt"));
    Ok(Looks { chip, rtt, defmt, variables })
}
