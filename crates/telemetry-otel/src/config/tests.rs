//! What the environment says, and what is made of it.

use proptest::prelude::*;

use super::*;

// Some values are not UTF-8, which is made by means of Unix.
#[cfg(unix)]
mod variables;

const GENERAL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

fn config(variables: &[(&str, &str)]) -> OtelConfig {
    OtelConfig::from_environment(&Environment::from_iter(variables.iter().copied()))
}

/// The warnings as `variable: problem; using …`.
fn warnings(variables: &[(&str, &str)]) -> Vec<String> {
    let config = config(variables);
    config.warnings().iter().map(ToString::to_string).collect()
}

/// The settings of traces, with an endpoint for all signals.
fn traces(variables: &[(&str, &str)]) -> OtlpSettings {
    let mut all = vec![(GENERAL, "http://localhost:4318")];
    all.extend(variables);
    config(&all).otlp(Signal::Traces).unwrap().clone()
}

fn endpoints(variables: &[(&str, &str)]) -> [String; 3] {
    let config = config(variables);
    Signal::ALL.map(|signal| config.otlp(signal).unwrap().endpoint.to_string())
}

fn header(settings: &OtlpSettings, name: &str) -> Option<String> {
    let value = settings.headers.0.get(name)?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn an_empty_environment_gives_the_defaults() {
    let config = config(&[]);
    for signal in Signal::ALL {
        assert_eq!(config.exporters(signal), [Exporter::Otlp]);
        assert_eq!(config.otlp(signal), None);
        assert!(!config.exports(signal));
    }
    assert_eq!(config.sampler, Sampler::ParentBasedTraceIdRatio(0.1));
    assert_eq!(config.propagators.to_string(), "tracecontext,baggage");
    assert_eq!(config.resource_attributes, []);
    let batches = config.span_batches();
    assert_eq!(batches, BatchSettings::new());
    assert_eq!(batches.max_queue_size(), 2048);
    assert_eq!(batches.max_export_batch_size(), 512);
    assert_eq!(batches.schedule_delay(), Duration::from_secs(5));
    assert_eq!(batches.export_timeout(), Duration::from_secs(30));
    let log_batches = batches.with_schedule_delay(Duration::from_secs(1));
    assert_eq!(config.log_batches(), log_batches);
    assert_eq!(config.metric_interval, Duration::from_secs(60));
    assert_eq!(config.metric_timeout, Duration::from_secs(30));
    assert_eq!(config.warnings(), []);
}

#[test]
fn an_endpoint_alone_gives_the_defaults_of_otlp() {
    let settings = traces(&[]);
    assert_eq!(settings.protocol, Protocol::HttpProtobuf);
    assert_eq!(settings.headers, Headers::default());
    assert_eq!(settings.timeout, Duration::from_secs(10));
    assert!(!settings.gzip);
}

#[test]
fn an_empty_and_a_blank_variable_are_the_default() {
    for value in ["", "   "] {
        let variables: Vec<_> = VARIABLES.iter().map(|known| (known.name, value)).collect();
        let config = config(&variables);
        assert_eq!(config.warnings(), []);
        assert_eq!(config.otlp(Signal::Logs), None);
        assert_eq!(config.sampler, Sampler::ParentBasedTraceIdRatio(0.1));
    }
}

#[test]
fn the_port_chooses_the_protocol_unless_that_is_set() {
    for (endpoint, protocol) in [
        ("http://localhost:4317", Protocol::Grpc),
        ("https://[::1]:4317/", Protocol::Grpc),
        ("http://localhost:4318", Protocol::HttpProtobuf),
        ("https://collector.example", Protocol::HttpProtobuf),
    ] {
        let read = config(&[(GENERAL, endpoint)]);
        let settings = read.otlp(Signal::Logs).unwrap();
        assert_eq!(settings.protocol, protocol, "{endpoint}");
    }
    for (word, protocol) in [
        ("grpc", Protocol::Grpc),
        ("GRPC", Protocol::Grpc),
        ("http/protobuf", Protocol::HttpProtobuf),
    ] {
        let settings = traces(&[("OTEL_EXPORTER_OTLP_PROTOCOL", word)]);
        assert_eq!(settings.protocol, protocol);
    }
}

#[test]
fn over_http_an_endpoint_for_all_signals_gets_the_path_of_each() {
    for general in ["http://localhost:4318", "http://localhost:4318/"] {
        assert_eq!(
            endpoints(&[(GENERAL, general)]),
            ["traces", "metrics", "logs"].map(|name| format!("http://localhost:4318/v1/{name}"))
        );
    }
    let beneath = endpoints(&[(GENERAL, "https://example.com/otlp/")]);
    assert_eq!(beneath[0], "https://example.com/otlp/v1/traces");
}

#[test]
fn over_grpc_and_for_a_single_signal_an_endpoint_is_taken_as_it_is() {
    let grpc = endpoints(&[(GENERAL, "http://localhost:4317")]);
    assert_eq!(grpc, ["http://localhost:4317/"; 3]);
    let mixed = endpoints(&[
        (GENERAL, "http://localhost:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://tempo:80/in"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://loki:3100"),
    ]);
    let expected = [
        "http://tempo:80/in",
        "http://localhost:4318/v1/metrics",
        "http://loki:3100/",
    ];
    assert_eq!(mixed, expected);
}

#[test]
fn what_is_said_of_one_signal_wins_for_that_one_alone() {
    let config = config(&[
        (GENERAL, "http://localhost:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-all=1,x-both=all"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-both=metrics"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "250"),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"),
    ]);
    let logs = config.otlp(Signal::Logs).unwrap();
    assert_eq!(logs.protocol, Protocol::HttpProtobuf);
    assert_eq!(header(&logs, "x-all").as_deref(), Some("1"));
    assert_eq!(header(&logs, "x-both").as_deref(), Some("all"));
    assert_eq!(logs.timeout, Duration::from_secs(1));
    assert!(logs.gzip);
    let metrics = config.otlp(Signal::Metrics).unwrap();
    assert_eq!(metrics.protocol, Protocol::Grpc);
    assert_eq!(metrics.endpoint, "http://localhost:4318/");
    assert_eq!(header(&metrics, "x-all"), None);
    assert_eq!(header(&metrics, "x-both").as_deref(), Some("metrics"));
    assert_eq!(metrics.timeout, Duration::from_millis(250));
    assert!(!metrics.gzip);
}

#[test]
fn headers_are_percent_encoded_and_a_bad_entry_costs_itself_alone() {
    let variable = "OTEL_EXPORTER_OTLP_HEADERS";
    let list = "Authorization=Basic%20dXNlcjpwdw==, x-empty=,novalue,x bad=1,x-line=a%0Ab,=x,x-last=%C3%A4,,x-ok=1";
    let settings = traces(&[(variable, list)]);
    let basic = header(&settings, "authorization");
    assert_eq!(basic.as_deref(), Some("Basic dXNlcjpwdw=="));
    assert_eq!(header(&settings, "x-empty").as_deref(), Some(""));
    assert_eq!(header(&settings, "x-ok").as_deref(), Some("1"));
    let expected = [3, 4, 5, 6, 7].map(|at| {
        format!(
            "{variable}: entry {at} is not name=value with a valid header; using the other entries"
        )
    });
    assert_eq!(warnings(&[(variable, list)]), expected);
}

#[test]
fn no_value_of_a_header_and_no_password_is_ever_shown() {
    let config = config(&[
        (GENERAL, "http://captain:hidden@localhost:4318"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "https://example.com/?key=hidden",
        ),
        (
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            "captain:hidden@localhost",
        ),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hidden,hidden"),
    ]);
    assert!(config.otlp(Signal::Traces).is_some());
    assert_eq!(config.otlp(Signal::Metrics), None);
    let shown = format!("{config:?} {:?}", config.warnings());
    assert!(!shown.contains("hidden"), "{shown}");
    assert!(shown.contains("x-key") && shown.contains("https://example.com/?***"));
}

#[test]
fn a_url_with_a_password_says_where_to_put_it() {
    assert_eq!(
        warnings(&[(GENERAL, "http://captain:hidden@localhost:4318")]),
        [
            "OTEL_EXPORTER_OTLP_ENDPOINT: a URL with a user or password: use \
          OTEL_EXPORTER_OTLP_HEADERS=authorization=Basic%20…; using none"
        ]
    );
}

#[test]
fn a_bad_value_leaves_the_default_with_one_warning() {
    let url = "it is not the URL of a collector, such as http://localhost:4317";
    let day = "is not a number of milliseconds from 1 to 86400000";
    let exporters = "is not one of otlp, console, none; using otlp";
    let zipkin = "is not supported: the exporters that work are otlp, console, none; using otlp";
    for (name, value, warning) in [
        (GENERAL, "localhost:4317", format!("{url}; using none")),
        (GENERAL, "ftp://localhost", format!("{url}; using none")),
        (GENERAL, "http://", format!("{url}; using none")),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "/v1/traces",
            format!("{url}; using what is set for all signals"),
        ),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "http/xml",
            "\"http/xml\" is not one of grpc, http/protobuf, http/json; using the protocol of the port"
                .into(),
        ),
        (
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "10s",
            format!("\"10s\" {day}; using 10000"),
        ),
        (
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "0",
            format!("\"0\" {day}; using 10000"),
        ),
        (
            "OTEL_EXPORTER_OTLP_COMPRESSION",
            "zstd",
            "\"zstd\" is not one of gzip, none; using none".into(),
        ),
        (
            "OTEL_TRACES_EXPORTER",
            "zipkin",
            format!("\"zipkin\" {zipkin}"),
        ),
        (
            "OTEL_METRICS_EXPORTER",
            "statsd",
            "\"statsd\" is not one of otlp, console, prometheus, none; using otlp".into(),
        ),
        (
            "OTEL_LOGS_EXPORTER",
            "stdout",
            format!("\"stdout\" {exporters}"),
        ),
        (
            "OTEL_TRACES_SAMPLER",
            "jaeger_remote",
            "\"jaeger_remote\" is not supported: the samplers that work are always_on, always_off, traceidratio, \
             parentbased_always_on, parentbased_always_off, parentbased_traceidratio; \
             using parentbased_traceidratio with 0.1"
                .into(),
        ),
        (
            "OTEL_TRACES_SAMPLER_ARG",
            "1.5",
            "\"1.5\" is not a number from 0 to 1; using 0.1".into(),
        ),
        (
            "OTEL_TRACES_SAMPLER_ARG",
            "NaN",
            "\"NaN\" is not a number from 0 to 1; using 0.1".into(),
        ),
        (
            "OTEL_PROPAGATORS",
            "tracecontext,b3",
            "\"b3\" is not supported: the propagators that work are tracecontext, baggage, none; \
             using tracecontext,baggage"
                .into(),
        ),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "team=backend,region",
            "it is not a list such as team=backend,region=eu; using no attributes".into(),
        ),
        (
            "OTEL_BSP_MAX_QUEUE_SIZE",
            "99999999999",
            "\"99999999999\" is not a number from 1 to 1048576; using 2048".into(),
        ),
        (
            "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
            "0",
            "\"0\" is not a number from 1 to 1048576; using 512".into(),
        ),
        (
            "OTEL_BSP_SCHEDULE_DELAY",
            "-1",
            format!("\"-1\" {day}; using 5000"),
        ),
        (
            "OTEL_BLRP_EXPORT_TIMEOUT",
            "18446744073709551615",
            format!("\"18446744073709551615\" {day}; using 30000"),
        ),
        (
            "OTEL_METRIC_EXPORT_INTERVAL",
            "1m",
            format!("\"1m\" {day}; using 60000"),
        ),
        (
            "OTEL_METRIC_EXPORT_TIMEOUT",
            "never",
            format!("\"never\" {day}; using 30000"),
        ),
    ] {
        assert_eq!(warnings(&[(name, value)]), [format!("{name}: {warning}")]);
    }
}

#[test]
fn samplers_take_their_ratio() {
    for (name, sampler) in [
        ("always_on", Sampler::AlwaysOn),
        ("Always_Off", Sampler::AlwaysOff),
        ("traceidratio", Sampler::TraceIdRatio(0.5)),
        ("parentbased_always_on", Sampler::ParentBasedAlwaysOn),
        ("parentbased_always_off", Sampler::ParentBasedAlwaysOff),
        (
            "parentbased_traceidratio",
            Sampler::ParentBasedTraceIdRatio(0.5),
        ),
    ] {
        let ratio = ("OTEL_TRACES_SAMPLER_ARG", "0.5");
        let config = config(&[("OTEL_TRACES_SAMPLER", name), ratio]);
        assert_eq!(config.sampler, sampler);
        assert_eq!(config.warnings(), []);
    }
}

#[test]
fn propagators_are_a_list() {
    for (list, shown) in [
        ("tracecontext", "tracecontext"),
        ("baggage, tracecontext", "tracecontext,baggage"),
        ("baggage", "baggage"),
        ("none", "none"),
    ] {
        let config = config(&[("OTEL_PROPAGATORS", list)]);
        assert_eq!(config.propagators.to_string(), shown);
        assert_eq!(config.warnings(), []);
    }
}

#[test]
fn exporters_are_chosen_for_each_signal() {
    let config = config(&[
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_METRICS_EXPORTER", "NONE"),
        (GENERAL, "http://localhost:4318"),
    ]);
    assert_eq!(config.exporters(Signal::Traces), [Exporter::Console]);
    assert_eq!(config.exporters(Signal::Metrics), []);
    assert_eq!(config.exporters(Signal::Logs), [Exporter::Otlp]);
    assert_eq!(
        Signal::ALL.map(|signal| config.exports(signal)),
        [true, false, true]
    );
}

#[test]
fn resource_attributes_are_percent_encoded_and_the_service_name_wins() {
    let list = (
        "OTEL_RESOURCE_ATTRIBUTES",
        "team=a%2Cb, service.name=listed ,",
    );
    let attributes = |variables: &[(&str, &str)]| config(variables).resource_attributes;
    let team = ("team".to_owned(), "a,b".to_owned());
    let listed = ("service.name".to_owned(), "listed".to_owned());
    assert_eq!(attributes(&[list]), [team.clone(), listed]);
    assert_eq!(attributes(&[list, ("OTEL_SERVICE_NAME", "dtx")]), [team]);
}

#[test]
fn a_batch_is_no_larger_than_the_queue() {
    let queue = ("OTEL_BSP_MAX_QUEUE_SIZE", "100");
    let config = config(&[queue]);
    assert_eq!(config.span_batches().max_export_batch_size(), 100);
    assert_eq!(config.warnings(), []);
    assert_eq!(
        warnings(&[queue, ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "200")]),
        ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE: it is more than the queue holds; using 100"]
    );
}

proptest! {
    #[test]
    fn hostile_values_do_not_panic(values in prop::collection::vec("\\PC{0,24}|[a-z]{1,4}=%[0-9a-fA-F]{0,2}[,=%]{0,3}|https?://\\PC{0,12}|[0-9]{1,25}", VARIABLES.len())) {
        let names = VARIABLES.iter().map(|variable| variable.name);
        let variables: Vec<_> = names.zip(values.iter().map(String::as_str)).collect();
        let config = config(&variables);
        let _shown = format!("{config:?}");
    }
}
