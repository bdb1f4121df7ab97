//! Each variable of the specification, and each other that is read, at work.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use opentelemetry_sdk::Resource;
use telemetry_core::Config;

use super::*;
use crate::config::unsupported::UNSUPPORTED;
use crate::pipeline::Pipeline;

/// What is set beside each variable.
const BESIDE: (&str, &str) = (GENERAL, "https://collector.example:4318");

/// A value that is not right.
enum Bad {
    /// It is a warning that names the variable.
    Text(&'static str),
    /// Any text is right, but this is none.
    NotUtf8,
    /// The file is missing: export cannot begin, and the error names it.
    File,
}

use Bad::{File, NotUtf8, Text};

/// A variable, a value that has an effect, and one that is not right.
type Row = (&'static str, &'static str, Bad);

/// A file that is there and has a certificate and a key, and so can be used for all of them.
const CERTIFICATE: &str = "CERTIFICATE";
const MISSING: &str = "/nonexistent/file.pem";

fn rows() -> Vec<(String, &'static str, Bad)> {
    let single: Vec<Row> = vec![
        ("OTEL_SDK_DISABLED", "true", Text("off")),
        ("OTEL_SERVICE_NAME", "dtx", NotUtf8),
        ("OTEL_SEMCONV_STABILITY_OPT_IN", "http", NotUtf8),
        ("OTEL_ENTITIES", "", Text("service{service.name=a}")),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=a", Text("team")),
        ("OTEL_LOG_LEVEL", "", Text("debug")),
        ("OTEL_PROPAGATORS", "baggage", Text("b3")),
        ("OTEL_TRACES_SAMPLER", "always_on", Text("jaeger_remote")),
        ("OTEL_TRACES_SAMPLER_ARG", "0.5", Text("-1")),
        ("OTEL_BSP_SCHEDULE_DELAY", "7", Text("5s")),
        ("OTEL_BSP_EXPORT_TIMEOUT", "7", Text("0")),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "7", Text("0")),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "7", Text("4096")),
        ("OTEL_BSP_MAX_CONCURRENT_EXPORTS", "1", Text("4")),
        ("OTEL_BLRP_SCHEDULE_DELAY", "7", Text("1s")),
        ("OTEL_BLRP_EXPORT_TIMEOUT", "7", Text("-1")),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "7", Text("many")),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "7", Text("4096")),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "7", Text("-1")),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "7", Text("2147483648")),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "0", Text("no")),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0", Text("-1")),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "7", Text("1e3")),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "7", Text("0x7")),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "7", Text("7.0")),
        ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "7", Text("all")),
        (
            "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            "7",
            Text("7 kB"),
        ),
        (
            "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
            "7",
            Text("unlimited"),
        ),
        (
            "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
            "",
            Text("http://zipkin:9411/api/v2/spans"),
        ),
        ("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "", Text("10000")),
        ("OTEL_EXPORTER_ZIPKIN_PROTOCOL", "", Text("v2")),
        (
            "OTEL_EXPORTER_PROMETHEUS_HOST",
            "0.0.0.0",
            Text("http://localhost"),
        ),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "9465", Text("94640")),
        ("OTEL_TRACES_EXPORTER", "otlp,console", Text("zipkin")),
        (
            "OTEL_METRICS_EXPORTER",
            "prometheus,otlp",
            Text("otlp,statsd"),
        ),
        ("OTEL_LOGS_EXPORTER", "none", Text("prometheus")),
        (
            "OTEL_METRICS_EXEMPLAR_FILTER",
            "always_off",
            Text("trace_based"),
        ),
        ("OTEL_METRIC_EXPORT_INTERVAL", "7", Text("1m")),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "7", Text("1m")),
        ("OTEL_CONFIG_FILE", "", Text("otel.yaml")),
        ("OTEL_EXPERIMENTAL_CONFIG_FILE", "", Text("otel.yaml")),
        ("OTEL_EXPORTER_OTLP_SPAN_INSECURE", "", Text("true")),
        ("OTEL_EXPORTER_OTLP_METRIC_INSECURE", "", Text("true")),
        (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            "delta",
            Text("Deltas"),
        ),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "explicit_bucket_histogram",
            Text("base2_exponential_bucket_histogram"),
        ),
        (
            "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN",
            "logs",
            Text("events"),
        ),
        ("OTEL_EXPORTER_JAEGER_AGENT_HOST", "", Text("jaeger")),
        ("OTEL_EXPORTER_JAEGER_AGENT_PORT", "", Text("6831")),
        (
            "OTEL_EXPORTER_JAEGER_ENDPOINT",
            "",
            Text("http://jaeger:14250"),
        ),
        ("OTEL_EXPORTER_JAEGER_PASSWORD", "", Text("hidden")),
        ("OTEL_EXPORTER_JAEGER_PROTOCOL", "", Text("grpc")),
        ("OTEL_EXPORTER_JAEGER_TIMEOUT", "", Text("10000")),
        ("OTEL_EXPORTER_JAEGER_USER", "", Text("captain")),
        ("SSL_CERT_FILE", CERTIFICATE, File),
        ("SSL_CERT_DIR", "/etc/ssl/certs", NotUtf8),
        (
            "HTTP_PROXY",
            "proxy.example:3128",
            Text("socks5://proxy.example"),
        ),
        (
            "HTTPS_PROXY",
            "http://proxy.example:3128",
            Text("https://proxy.example"),
        ),
        ("ALL_PROXY", "http://proxy.example:3128", Text("http://")),
        ("NO_PROXY", "collector.example", NotUtf8),
    ];
    let mut rows: Vec<_> = single
        .into_iter()
        .map(|(name, good, bad)| (name.to_owned(), good, bad))
        .collect();
    for infix in ["", "TRACES_", "METRICS_", "LOGS_"] {
        let of_otlp: [Row; 9] = [
            (
                "ENDPOINT",
                "http://other.example:4317",
                Text("other.example"),
            ),
            ("INSECURE", "", Text("true")),
            ("CERTIFICATE", CERTIFICATE, File),
            ("CLIENT_KEY", CERTIFICATE, File),
            ("CLIENT_CERTIFICATE", CERTIFICATE, File),
            ("HEADERS", "x-key=1", Text("x-key")),
            ("COMPRESSION", "gzip", Text("zstd")),
            ("TIMEOUT", "7", Text("10s")),
            ("PROTOCOL", "http/json", Text("http/xml")),
        ];
        let of_otlp = of_otlp
            .into_iter()
            .map(|(suffix, good, bad)| (format!("OTEL_EXPORTER_OTLP_{infix}{suffix}"), good, bad));
        rows.extend(of_otlp);
    }
    rows
}

/// Environments hold text of any encoding.
fn environment(variables: &[(&str, OsString)]) -> Environment {
    let beside = [(BESIDE.0, OsString::from(BESIDE.1))];
    beside
        .into_iter()
        .chain(variables.iter().cloned())
        .collect()
}

/// All that is made of an environment.
fn effect(environment: &Environment) -> String {
    let otel = OtelConfig::from_environment(environment);
    let core = Config::default().with_environment(environment);
    let settings = Signal::ALL.map(|signal| otel.otlp(signal));
    let proxies = ["http", "https"].map(|scheme| {
        let destination = format!("{scheme}://collector.example").parse().unwrap();
        otel.network().proxy_for(&destination).is_some()
    });
    format!("{otel:?} {core:?} {settings:?} {proxies:?}")
}

/// The warnings of both crates.
fn found(environment: &Environment) -> Vec<ConfigWarning> {
    let otel = OtelConfig::from_environment(environment);
    let core = Config::default().with_environment(environment);
    [core.warnings(), otel.warnings()].concat()
}

/// A certificate and its key, in one file.
fn certificate() -> tempfile::NamedTempFile {
    let signed = rcgen::generate_simple_self_signed(["collector.example".to_owned()]).unwrap();
    let pem = signed.cert.pem() + &signed.signing_key.serialize_pem();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    file
}

/// What a variable needs beside it for its effect.
fn companion(name: &str, file: &str) -> Option<(String, OsString)> {
    if name == "NO_PROXY" {
        return Some(("HTTPS_PROXY".to_owned(), "http://proxy.example:3128".into()));
    }
    if name == "OTEL_SDK_DISABLED" {
        return Some(("OTEL_ENABLED".to_owned(), "true".into()));
    }
    let other = match name.strip_suffix("_CLIENT_KEY") {
        Some(prefix) => format!("{prefix}_CLIENT_CERTIFICATE"),
        None => format!("{}_CLIENT_KEY", name.strip_suffix("_CLIENT_CERTIFICATE")?),
    };
    Some((other, file.into()))
}

#[test]
fn each_row_of_the_table_has_a_test() {
    let tested: BTreeSet<_> = rows().into_iter().map(|(name, ..)| name).collect();
    let listed = standard_variables().map(|variable| variable.name);
    let read = VARIABLES.iter().map(|variable| variable.name);
    let rows: BTreeSet<_> = listed.chain(read).map(str::to_owned).collect();
    assert_eq!(tested, rows);
}

#[test]
fn each_variable_is_documented_where_it_is_read_and_nowhere_else() {
    let read: Vec<_> = VARIABLES
        .iter()
        .chain(telemetry_core::VARIABLES)
        .map(|variable| variable.name)
        .collect();
    for variable in standard_variables() {
        let is_read = read.contains(&variable.name);
        assert_eq!(
            is_read,
            variable.support == Support::Honoured,
            "{variable:?}"
        );
    }
    for variable in UNSUPPORTED {
        let mut listed = standard_variables();
        assert!(
            listed.any(|it| it.name == variable.name),
            "{}",
            variable.name
        );
    }
}

#[test]
fn a_good_value_of_each_variable_has_an_effect_and_a_bad_one_a_word() {
    let file = certificate();
    let path = file.path().to_str().unwrap();
    for (name, good, bad) in rows() {
        let mut listed = standard_variables();
        let is_read = listed
            .find(|variable| variable.name == name)
            .is_none_or(|variable| variable.support == Support::Honoured);
        let companion = companion(&name, path);
        let with = |value: Option<OsString>| {
            let mut variables = Vec::new();
            if let Some((name, value)) = &companion {
                variables.push((&**name, value.clone()));
            }
            variables.extend(value.map(|value| (&*name, value)));
            environment(&variables)
        };

        let good = if good == CERTIFICATE { path } else { good };
        let good = with(Some(good.into()));
        assert_eq!(found(&good), [], "{name}");
        let has_effect = effect(&good) != effect(&with(None));
        assert_eq!(has_effect, is_read, "{name}");

        match bad {
            Text(text) => assert_warning(&name, &with(Some(text.into()))),
            NotUtf8 => assert_warning(&name, &with(Some(OsString::from_vec(vec![0xff])))),
            File => {
                let config = OtelConfig::from_environment(&with(Some(MISSING.into())));
                let built = Pipeline::build(&config, &Resource::builder_empty().build());
                let error = telemetry_core::error_chain::sentence(&built.unwrap_err());
                assert!(error.contains(MISSING), "{name}: {error}");
            }
        }
    }
}

/// One warning at least, and none of another variable. No value of a secret is in it.
fn assert_warning(name: &str, environment: &Environment) {
    let found = found(environment);
    assert!(!found.is_empty(), "{name}");
    for warning in found {
        assert_eq!(warning.variable, name);
        assert!(!warning.problem.is_empty() && !warning.using.is_empty());
        assert!(!warning.to_string().contains("hidden"), "{warning}");
    }
}

#[test]
fn what_the_specification_has_and_this_crate_has_not_names_what_works() {
    let samplers = "the samplers that work are always_on, always_off, traceidratio, \
                    parentbased_always_on, parentbased_always_off, parentbased_traceidratio";
    for (name, value, works) in [
        (
            "OTEL_PROPAGATORS",
            "b3",
            "the propagators that work are tracecontext, baggage, none",
        ),
        (
            "OTEL_PROPAGATORS",
            "B3Multi",
            "the propagators that work are tracecontext, baggage, none",
        ),
        (
            "OTEL_PROPAGATORS",
            "tracecontext,jaeger",
            "tracecontext, baggage, none",
        ),
        ("OTEL_PROPAGATORS", "xray", "tracecontext, baggage, none"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote", samplers),
        ("OTEL_TRACES_SAMPLER", "parentbased_jaeger_remote", samplers),
        ("OTEL_TRACES_SAMPLER", "xray", samplers),
        (
            "OTEL_TRACES_EXPORTER",
            "zipkin",
            "the exporters that work are otlp, console, none",
        ),
        (
            "OTEL_METRICS_EXPORTER",
            "otlp,logging",
            "otlp, console, prometheus, none",
        ),
        ("OTEL_LOGS_EXPORTER", "otlp/stdout", "otlp, console, none"),
    ] {
        let found = warnings(&[(name, value)]);
        let [warning] = &*found else {
            panic!("{name}={value}: {found:?}");
        };
        assert!(warning.contains(" is not supported: "), "{warning}");
        assert!(warning.contains(works), "{warning}");
    }
}

#[test]
fn exporters_are_lists_without_repetition() {
    for (list, shown) in [
        ("otlp,console", "otlp,console"),
        (" Console , otlp,", "console,otlp"),
        ("otlp,otlp", "otlp"),
        ("none", "none"),
        ("none,otlp", "otlp"),
        ("prometheus,console,otlp", "prometheus,console,otlp"),
    ] {
        let config = config(&[("OTEL_METRICS_EXPORTER", list)]);
        assert_eq!(config.warnings(), [], "{list}");
        assert_eq!(
            config.exporters[Signal::Metrics as usize].to_string(),
            shown
        );
    }
    let config = OtelConfig::default()
        .with_exporters(Signal::Traces, [Exporter::Console, Exporter::Otlp])
        .with_exporters(Signal::Traces, [Exporter::Prometheus])
        .with_exporter(Signal::Logs, Exporter::None);
    assert_eq!(
        config.exporters(Signal::Traces),
        [Exporter::Console, Exporter::Otlp]
    );
    assert_eq!(config.exporters(Signal::Logs), []);
    assert_eq!(
        config.warnings()[0].to_string(),
        "OtelConfig::with_exporters: prometheus fetches metrics alone; using console,otlp"
    );
}

#[test]
fn a_limit_of_one_signal_wins_over_that_of_all() {
    let all = [
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "10"),
    ];
    let [length, count] = all;
    let general = config(&all);
    assert_eq!(general.span_limits().attribute_length(), Some(100));
    assert_eq!(general.log_record_limits().attributes(), 10);
    // Those of events and links are their own.
    assert_eq!(general.span_limits().event_attributes(), 128);
    let special = config(&[
        length,
        count,
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "20"),
        ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "200"),
    ]);
    assert_eq!(special.span_limits().attributes(), 20);
    assert_eq!(special.span_limits().attribute_length(), Some(100));
    assert_eq!(special.log_record_limits().attribute_length(), Some(200));
    assert_eq!(special.log_record_limits().attributes(), 10);
    // A bad one is that of all.
    assert_eq!(
        warnings(&[count, ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "x")]),
        ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: \"x\" is not a number from 0 to 2147483647; using 10"]
    );
}

#[test]
fn an_address_for_prometheus_is_checked() {
    for (host, shown) in [
        ("localhost", "localhost:9464"),
        ("0.0.0.0", "0.0.0.0:9464"),
        ("::1", "[::1]:9464"),
        ("[::]", "[::]:9464"),
    ] {
        let address = PrometheusAddress::new(host, 9464).unwrap();
        assert_eq!(address.to_string(), shown);
    }
    for (host, port) in [
        ("", 1),
        ("a b", 1),
        ("http://a", 1),
        ("a:1", 1),
        ("localhost", 0),
    ] {
        assert!(PrometheusAddress::new(host, port).is_err(), "{host}:{port}");
    }
}
