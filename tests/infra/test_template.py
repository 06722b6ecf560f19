"""The stack that `make deploy` would create, read from the template that it would create it from."""

import json
from collections import defaultdict
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.api.problems import MEDIA
from chalicelib.api.routes import ROUTES, SCHEDULES
from chalicelib.policy.load import current
from chalicelib.store.tables import TABLES
from infra.artefacts import refer_to_uploads
from infra.buckets import ACCESS_LOGS, ARCHIVE, BUCKET
from infra.functions import functions_of, log_name
from infra.gateway import RESPONSES, TLS
from infra.identity import CLIENT, MAIL_SETTINGS, PEPPER, POOL
from infra.keys import BACKUP_KEY, RECEIPT_KEY, TRACE_KEY
from infra.layers import RUNTIME
from infra.malware import SCAN_ROLE
from infra.merge import merged
from infra.schedules import DEAD_SCHEDULES, DEAD_WAKES, WAKE_QUEUE
from infra.stages import TIME_ZONE, trace_days
from infra.tables import KEY, logical_name
from infra.watch import TOPIC
from tests.infra.conftest import Template

Resources = dict[str, Any]
STATEFUL = {
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}


def of_type(resources: Resources, kind: str) -> Resources:
    """The properties of every resource of a type."""
    return {name: made.get("Properties", {}) for name, made in resources.items() if made["Type"] == kind}


def test_both_stages_have_the_same_resources(templates: dict[str, Template]) -> None:
    dev, prod = ({n: r["Type"] for n, r in templates[s]["Resources"].items()} for s in ("dev", "prod"))
    assert dev == prod


def test_nothing_of_another_stage_is_named(template: Template, stage: str) -> None:
    other = {"dev": "prod", "prod": "dev"}[stage]
    text = json.dumps(template["Resources"])
    assert f"facture-{stage}-" in text
    assert f"facture-{other}" not in text
    assert f"/facture/{other}" not in text


def test_resources_with_content_survive_their_stack(resources: Resources) -> None:
    tables = {logical_name(table.name) for table in TABLES}
    kept = {name for name, made in resources.items() if made["Type"] in STATEFUL} | tables
    assert kept >= {BUCKET, ARCHIVE, ACCESS_LOGS, POOL, PEPPER, KEY, BACKUP_KEY, RECEIPT_KEY, TRACE_KEY}
    for name in kept:
        assert resources[name]["DeletionPolicy"] == "Retain", name
        assert resources[name]["UpdateReplacePolicy"] == "Retain", name


def test_where_data_goes_is_written_down(template: Template, stage: str) -> None:
    told = template["Metadata"]["Facture"]
    assert told["Stage"] == stage
    assert told["Region"] == current().default_region == "eu-west-3"
    assert told["Country"] == "France (Paris)"
    assert told["TransferBasis"].partition(":")[0] == current().processors["hosting"].transfer


@pytest.mark.parametrize("name", [KEY, BACKUP_KEY, TRACE_KEY])
def test_keys_turn_and_wait_before_they_go(resources: Resources, stage: str, name: str) -> None:
    key = resources[name]["Properties"]
    assert key["EnableKeyRotation"] is True
    assert key["PendingWindowInDays"] == 30
    alias = resources[f"{name}Alias"]["Properties"]
    assert alias["TargetKeyId"] == {"Ref": name}
    assert alias["AliasName"].startswith(f"alias/facture-{stage}-")


def test_a_key_is_its_account_s_and_lends_itself_to_named_services(resources: Resources) -> None:
    lent = [
        (name, statement)
        for name, key in of_type(resources, "AWS::KMS::Key").items()
        for statement in key["KeyPolicy"]["Statement"]
        if statement["Sid"] != "Owner"
    ]
    assert {name for name, _ in lent} == {TRACE_KEY}
    for _, statement in lent:
        assert set(statement["Principal"]) == {"Service"}
        assert statement["Condition"], "for this account's logs and alarms only"


def test_functions_run_on_arm_with_their_own_log(resources: Resources, template: Template) -> None:
    assert functions_of(template)
    for function, logical in functions_of(template).items():
        made = resources[logical]["Properties"]
        assert (made["Runtime"], made["Architectures"], made["Tracing"]) == (RUNTIME, ["arm64"], "Active")
        assert made["Layers"][:2] == [{"Ref": "NativeLayer"}, {"Ref": "LibrariesLayer"}]
        assert made["LoggingConfig"]["LogGroup"] == {"Ref": log_name(function)}
        assert made["CodeUri"] == "application.zip"


def test_only_functions_that_print_get_the_optional_layer(resources: Resources, template: Template) -> None:
    assert template["Parameters"]["WkhtmltopdfLayer"]["Default"] == ""
    optional = {
        function
        for function, logical in functions_of(template).items()
        if any("Fn::If" in layer for layer in resources[logical]["Properties"]["Layers"])
    }
    assert optional == {"api_handler", "exports", "outbox", "requests", "wake"}


def test_logs_end_when_technical_information_does(resources: Resources) -> None:
    logs = of_type(resources, "AWS::Logs::LogGroup")
    assert {log["RetentionInDays"] for log in logs.values()} == {trace_days(current())} == {90}
    assert {json.dumps(log["KmsKeyId"]) for log in logs.values()} == {json.dumps({"Fn::GetAtt": [TRACE_KEY, "Arn"]})}


def test_every_job_is_scheduled_in_the_time_of_morocco(resources: Resources) -> None:
    made = of_type(resources, "AWS::Scheduler::Schedule")
    assert len(made) == len(SCHEDULES)
    for schedule in SCHEDULES:
        own = made[f"{schedule.job.title()}Schedule"]
        assert (own["ScheduleExpression"], own["ScheduleExpressionTimezone"]) == (schedule.expression, TIME_ZONE)
        assert own["State"] == "ENABLED"
        target = own["Target"]
        assert target["Arn"] == {"Fn::GetAtt": [schedule.job.title(), "Arn"]}
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 5}
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [DEAD_SCHEDULES, "Arn"]}}


def test_a_schedule_sends_the_event_that_chalice_expects(resources: Resources) -> None:
    from chalice.app import CloudWatchEvent

    schedules = of_type(resources, "AWS::Scheduler::Schedule").values()
    assert schedules
    for own in schedules:
        event = CloudWatchEvent(json.loads(own["Target"]["Input"]), None)
        assert event.source == "facture.schedule"


def test_no_schedule_is_chalices_own(resources: Resources) -> None:
    events = [
        event
        for made in of_type(resources, "AWS::Serverless::Function").values()
        for event in made.get("Events", {}).values()
    ]
    (only,) = events
    assert only["Type"] == "SQS"
    assert only["Properties"]["Queue"] == {"Fn::GetAtt": [WAKE_QUEUE, "Arn"]}
    assert only["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    others = {name: made for name, made in resources.items() if name != SCAN_ROLE}
    assert "arn:${AWS::Partition}:events" not in json.dumps(others)


def test_the_scheduler_may_start_jobs_and_nothing_else(resources: Resources) -> None:
    (policy,) = resources["SchedulerRole"]["Properties"]["Policies"]
    invoke, dead_letter = policy["PolicyDocument"]["Statement"]
    assert invoke["Action"] == ["lambda:InvokeFunction"]
    assert invoke["Resource"] == [{"Fn::GetAtt": [schedule.job.title(), "Arn"]} for schedule in SCHEDULES]
    assert (dead_letter["Action"], dead_letter["Resource"]) == (
        ["sqs:SendMessage"],
        [{"Fn::GetAtt": [DEAD_SCHEDULES, "Arn"]}],
    )


def test_a_failed_wake_up_goes_to_the_dead_letter_queue(resources: Resources) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    assert set(queues) == {WAKE_QUEUE, DEAD_WAKES, DEAD_SCHEDULES}
    redrive = queues[WAKE_QUEUE]["RedrivePolicy"]
    assert redrive == {"deadLetterTargetArn": {"Fn::GetAtt": [DEAD_WAKES, "Arn"]}, "maxReceiveCount": 5}
    assert queues[WAKE_QUEUE]["VisibilityTimeout"] >= 6 * resources["Wake"]["Properties"]["Timeout"]
    for name, queue in queues.items():
        assert queue["SqsManagedSseEnabled"] is True
        (refused,) = resources[f"{name}Policy"]["Properties"]["PolicyDocument"]["Statement"]
        assert (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_gateway_s_own_refusals_are_problems_with_cors(resources: Resources) -> None:
    answers = resources["RestAPI"]["Properties"]["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert set(answers) == set(RESPONSES)
    for kind, answer in answers.items():
        parameters = answer["responseParameters"]
        assert parameters["gatewayresponse.header.Content-Type"] == f"'{MEDIA}'"
        assert parameters["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
        assert parameters["gatewayresponse.header.Request-Id"] == "context.requestId"
        body = json.loads(answer["responseTemplates"]["application/json"])
        assert body["request_id"] == "$context.requestId"
        assert body["status"] == answer["statusCode"], kind
    assert answers["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == 404, "an unknown path"
    assert "gatewayresponse.header.WWW-Authenticate" in answers["UNAUTHORIZED"]["responseParameters"]


def test_every_route_is_there_behind_its_authorizer(resources: Resources) -> None:
    paths = resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    for route in ROUTES:
        operation = paths[route.path][route.method.lower()]
        assert ("security" in operation) is not route.public, route
    assert (
        resources["RestAPI"]["Properties"]["DefinitionBody"]["securityDefinitions"]["token"][
            "x-amazon-apigateway-authorizer"
        ]["authorizerResultTtlInSeconds"]
        == 0
    ), "a revocation counts at once"


def test_the_gateway_is_limited_watched_and_tells_nothing_of_callers(resources: Resources) -> None:
    made = resources["RestAPI"]["Properties"]
    (settings,) = made["MethodSettings"]
    assert 0 < settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"]
    assert (settings["LoggingLevel"], settings["DataTraceEnabled"], settings["MetricsEnabled"]) == ("OFF", False, True)
    assert made["TracingEnabled"] is True
    assert made["SecurityPolicy"].startswith("SecurityPolicy_TLS13_1_2_PFS_"), "no TLS 1.0, and forward secrecy"
    assert made["EndpointAccessMode"] == "STRICT"
    line = made["AccessLogSetting"]["Format"]
    assert not {part for part in ("identity", "authorizer", "$context.path", "querystring") if part in line}


def test_the_firewall_limits_each_caller_and_lets_invoices_through(resources: Resources) -> None:
    made = resources["Firewall"]["Properties"]
    rules = {rule["Name"]: rule for rule in made["Rules"]}
    for name in ("each-address", "each-caller"):
        answer = rules[name]["Action"]["Block"]["CustomResponse"]
        most = rules[name]["Statement"]["RateBasedStatement"]["Limit"]
        stated = {header["Name"]: header["Value"] for header in answer["ResponseHeaders"]}
        assert (answer["ResponseCode"], stated["RateLimit-Policy"]) == (429, f'"{name}";q={most};w=300')
        assert most > 0
    assert json.loads(made["CustomResponseBodies"]["TooMany"]["Content"])["code"] == "too_many_requests"
    common = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {rule["Name"] for rule in common["RuleActionOverrides"]}
    assert "SizeRestrictions_BODY" in counted, "it blocks bodies above 8 KB"
    assert not any(rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in made["Rules"])
    assert "${RestAPI.Stage}" in resources["FirewallOnGateway"]["Properties"]["ResourceArn"]["Fn::Sub"]


def test_people_sign_in_at_a_pool_that_tells_nothing_and_forgets_nothing(resources: Resources) -> None:
    pool, client = resources[POOL]["Properties"], resources[CLIENT]["Properties"]
    assert pool["DeletionProtection"] == "ACTIVE"
    assert pool["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaArn"] == {"Fn::GetAtt": ["Claims", "Arn"]}
    assert resources["ClaimsPoolPermission"]["Properties"]["SourceArn"] == {"Fn::GetAtt": [POOL, "Arn"]}
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True
    assert "ALLOW_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]


def test_sign_up_mails_are_sent_by_ses_where_it_is_set_up(resources: Resources, template: Template) -> None:
    condition, ours, cognitos = resources[POOL]["Properties"]["EmailConfiguration"]["Fn::If"]
    assert template["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "MailIdentity"}, ""]}]}
    assert ours == {
        "EmailSendingAccount": "DEVELOPER",
        "From": {"Ref": "MailFrom"},
        "SourceArn": {"Ref": "MailIdentity"},
        "ConfigurationSet": {"Ref": MAIL_SETTINGS},
    }
    assert cognitos == {"EmailSendingAccount": "COGNITO_DEFAULT"}


def test_ses_keeps_no_list_of_failed_addresses(resources: Resources) -> None:
    settings = resources[MAIL_SETTINGS]
    assert settings["Type"] == "AWS::SES::ConfigurationSet"
    assert settings["Properties"]["SuppressionOptions"] == {"SuppressedReasons": []}
    for name in ("Outbox", "Requests", "Wake"):
        variables = resources[name]["Properties"]["Environment"]["Variables"]
        assert variables["FACTURE_MAIL_SETTINGS"] == {"Ref": MAIL_SETTINGS}


def test_the_gateways_log_role_is_as_wide_as_api_gateway_asks_and_apigateways_alone(resources: Resources) -> None:
    """A narrower one is refused when the account's setting is made, and with it the whole deployment."""
    role = resources["GatewayLogRole"]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "apigateway.amazonaws.com"}
    (policy,) = role["ManagedPolicyArns"]
    assert policy["Fn::Sub"].endswith(":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
    assert "Policies" not in role


MOST_RESOURCES, MOST_TEMPLATE = 500, 1_000_000
"""CloudFormation's limits, of a template that it reads from S3: characters, transformed."""
MOST_LAYERS, MOST_ENVIRONMENT, LONGEST_VALUE = 5, 4_096, 120
"""Lambda's limits; and what no address or name of ours is longer than."""


@pytest.fixture
def transformed(template: Template, monkeypatch: pytest.MonkeyPatch) -> Template:
    """The template as CloudFormation has it once SAM is done with it."""
    from samtranslator.translator.transform import transform

    monkeypatch.setenv("AWS_DEFAULT_REGION", current().default_region)
    uploaded = deepcopy(template)
    refer_to_uploads(uploaded, defaultdict(lambda: {"Bucket": "artefacts", "Key": "digest"}))
    given = {name: parameter["Default"] for name, parameter in uploaded["Parameters"].items()}
    made: Template = transform(uploaded, given, SimpleNamespace(load=dict))
    return made


def test_there_is_one_stage_and_the_firewall_stands_before_it(transformed: Template) -> None:
    """SAM makes another, `Stage`, unless it is told otherwise: the same API with no firewall, no limit and no log."""
    resources = transformed["Resources"]
    ((name, stage),) = of_type(resources, "AWS::ApiGateway::Stage").items()
    assert stage["StageName"] == "api"
    assert not any("StageName" in made for made in of_type(resources, "AWS::ApiGateway::Deployment").values())
    assert resources["FirewallOnGateway"]["Properties"]["ResourceArn"]["Fn::Sub"].endswith(f"/stages/${{{name}}}")
    assert resources["APIHandlerInvokePermission"]["Properties"]["SourceArn"]["Fn::Sub"].endswith("${RestAPI}/api/*")


def test_the_stack_is_within_cloudformations_and_lambdas_limits(transformed: Template) -> None:
    assert len(transformed["Resources"]) < 0.8 * MOST_RESOURCES
    assert len(json.dumps(transformed)) < 0.8 * MOST_TEMPLATE
    assert transformed["Resources"]["RestAPI"]["Properties"]["SecurityPolicy"] == TLS
    for name, function in of_type(transformed["Resources"], "AWS::Lambda::Function").items():
        assert len(function["Layers"]) <= MOST_LAYERS, name
        names = function["Environment"]["Variables"]
        assert sum(map(len, names)) + len(names) * LONGEST_VALUE < MOST_ENVIRONMENT, name


def test_the_pepper_is_made_there_and_in_no_environment(template: Template) -> None:
    secret = template["Resources"][PEPPER]["Properties"]
    assert secret["GenerateSecretString"]["PasswordLength"] >= 32
    assert secret["KmsKeyId"] == {"Fn::GetAtt": [KEY, "Arn"]}
    assert "resolve:secretsmanager" not in json.dumps(template)


def test_every_alarm_reaches_the_one_topic(resources: Resources, template: Template) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == [{"Ref": TOPIC}], name
        assert alarm["AlarmDescription"]
    for function in functions_of(template):
        name = function.title().replace("_", "")
        assert {f"{name}Errors", f"{name}Throttles"} <= alarms.keys()
    for schedule in SCHEDULES:
        name = schedule.job.title()
        assert {f"{name}Dead", f"{name}Asked", f"{name}DeadlineBreached", f"{name}Silent"} <= alarms.keys()
        assert alarms[f"{name}Silent"]["TreatMissingData"] == "breaching"
    assert {"DrillFailed", "RequestDeadlineBreached", "GatewayP99", f"{DEAD_WAKES}Depth"} <= alarms.keys()
    assert resources[TOPIC]["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": [TRACE_KEY, "Arn"]}


def test_a_stages_gateway_is_watched_by_its_own_name(resources: Resources, stage: str) -> None:
    assert resources["RestAPI"]["Properties"]["DefinitionBody"]["info"]["title"] == f"facture-{stage}"
    dimensions = resources["GatewayP99"]["Properties"]["Dimensions"]
    assert {"Name": "ApiName", "Value": f"facture-{stage}"} in dimensions


def test_alarms_look_no_longer_back_than_cloudwatch_does(resources: Resources) -> None:
    """A week, and a day where the period is shorter than an hour."""
    made = of_type(resources, "AWS::CloudWatch::Alarm")
    assert made
    for name, alarm in made.items():
        span = alarm["Period"] * alarm["EvaluationPeriods"]
        assert span <= (7 * 86_400 if alarm["Period"] >= 3_600 else 86_400), name


def test_the_dashboard_can_be_read(resources: Resources) -> None:
    body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    titles = [widget["properties"]["title"] for widget in json.loads(body)["widgets"]]
    assert "Invoices issued" in titles
    assert len(titles) == len(set(titles)) == 8


def test_no_table_streams_because_nothing_listens(resources: Resources) -> None:
    assert not of_type(resources, "AWS::Lambda::EventSourceMapping")
    for name, table in of_type(resources, "AWS::DynamoDB::Table").items():
        assert "StreamSpecification" not in table, name


def test_merging_replaces_lists_and_keeps_the_rest() -> None:
    base = {"a": {"b": [1], "c": 1}, "d": 1}
    assert merged(base, {"a": {"b": [2]}, "e": 2}) == {"a": {"b": [2], "c": 1}, "d": 1, "e": 2}
    assert base == {"a": {"b": [1], "c": 1}, "d": 1}
