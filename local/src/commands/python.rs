//! Tools from PyPI, each in a virtual environment of its own under the target folder.

use std::path::PathBuf;

use super::project;
use super::steps::{Step, StepError, target};

pub(crate) const PYTHON: &str = "install Python 3.9 or later with venv (`apt-get install python3-venv`)";

/// Installs pinned requirements, again when they change: the folder of the environment.
pub(crate) fn set_up_python(name: &str, requirements: &str) -> Result<PathBuf, StepError> {
    let folder = target().join("tools").join(name);
    let file = project().join(requirements);
    let wanted = std::fs::read(&file).map_err(|error| StepError::File(requirements.to_owned(), error))?;
    let installed = folder.join("requirements.txt");
    if std::fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    Step::new("python3", &["-m", "venv", "--clear", &folder.display().to_string()], PYTHON).run()?;
    let pip = folder.join("bin/pip").display().to_string();
    let arguments = ["install", "--quiet", "--disable-pip-version-check", "--requirement", requirements];
    Step::new(&pip, &arguments, PYTHON).run()?;
    std::fs::write(&installed, wanted).map_err(|error| StepError::File(installed.display().to_string(), error))?;
    Ok(folder)
}
