//! Files that are there in full or not at all.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file so that a crash or a full disk leaves the old file or the new one, never a part: into a
/// temporary file beside it, which takes its name once its bytes are on the disk.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wengert-");
    // A temporary file is its owner's alone; this one becomes a file like any other, less the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    // The new name is an entry of the folder, which reaches the disk on its own. The file is in place by
    // now, and not every file system can do this, so that a refusal is no failure.
    #[cfg(unix)]
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}
