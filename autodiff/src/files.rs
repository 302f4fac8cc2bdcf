//! Files that are there whole or not at all: for the packages of the workspace, which write weights, states of
//! optimizers and pictures.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file so that a crash or a full disk leaves the old file or the new one, never a part: into a temporary
/// file beside it, which takes its name once its bytes are on the disk.
///
/// # Errors
/// The file system refuses; nothing is left behind then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".saving-");
    #[cfg(unix)]
    {
        // What a file that is simply created gets, less the umask; the default is for secrets.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    // Dropped on an early return, and the file with it.
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The new name reaches the disk with its folder. The file is in its place already, and not every file
    // system can do this, so a refusal is no failure.
    #[cfg(unix)]
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}
