//! What the doctor finds about certificates.

use std::fmt;

use telemetry_core::{ConfigWarning, Environment, EnvironmentReader};

use crate::settings::TlsSettings;
use crate::store::DatabaseUrl;

const DATABASE_URL: &str = "DATABASE_URL";

/// The files of certificates that the settings name, and what is wrong with them.
#[derive(Debug)]
pub(crate) struct CertificateReport(Vec<Setting>);

#[derive(Debug)]
struct Setting {
    name: String,
    path: Option<String>,
    problem: Option<String>,
}

impl CertificateReport {
    /// Reads the files.
    pub(crate) fn new(environment: &Environment) -> Self {
        let mut reader = EnvironmentReader::new(environment);
        TlsSettings::read(&mut reader);
        let warnings = reader.into_warnings();
        let problem_of = |name: &str| {
            let mut warnings = warnings.iter();
            let warning = warnings.find(|warning: &&ConfigWarning| warning.variable == name);
            warning.map(|warning| warning.problem.clone())
        };
        let variables = TlsSettings::VARIABLES.map(|name| Setting {
            name: name.to_owned(),
            path: environment.get(name).map(str::to_owned),
            problem: problem_of(name),
        });
        let url = environment.get(DATABASE_URL);
        // A URL that is wrong is not about certificates.
        let url = url.and_then(|url| DatabaseUrl::parse_without_files(url).ok());
        let files = url.map(|url| url.tls_files()).unwrap_or_default();
        let files = files.into_iter().map(|file| Setting {
            name: format!("{} of {DATABASE_URL}", file.parameter),
            problem: file.check().err(),
            path: Some(file.path),
        });
        Self(variables.into_iter().chain(files).collect())
    }

    /// Whether the files that are named can be used.
    pub(crate) fn is_well(&self) -> bool {
        self.0.iter().all(|setting| setting.problem.is_none())
    }
}

impl fmt::Display for CertificateReport {
    /// Shows nothing where no file is named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.iter().all(|setting| setting.path.is_none()) {
            return Ok(());
        }
        let widths = self.0.iter().map(|setting| setting.name.len());
        let width = widths.max().unwrap_or_default();
        writeln!(f, "\nCertificates")?;
        for Setting {
            name,
            path,
            problem,
        } in &self.0
        {
            let path = path.as_deref().unwrap_or("unset");
            writeln!(f, "  {name:width$}  {path}")?;
            if let Some(problem) = problem {
                writeln!(f, "    ! {problem}")?;
            }
        }
        if !self.is_well() {
            writeln!(f, "\nThe site cannot start.")?;
        }
        Ok(())
    }
}
