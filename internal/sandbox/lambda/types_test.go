package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/stowage/terraform-provider-stowage/internal/sandbox/cloud"
)

// TestFunction checks a function through its life: creation, the reads of the API, an update that
// keeps the code, and deletion.
func TestFunction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.upload("f.zip", self(t))
		if reason := w.create("s", role+","+functionOf(
			`,"Architectures":["arm64"],"Timeout":300,"Environment":{"Variables":{"AB":"b"}},"Tags":[{"Key":"k","Value":"v"}]`,
		)); reason != "" {
			t.Fatal(reason)
		}
		name := aws.String("f")
		got, err := w.functions.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String(function)})
		w.must(err)
		c := got.Configuration
		if aws.ToString(c.FunctionArn) != function || c.State != "Active" || c.Architectures[0] != "arm64" ||
			aws.ToInt32(c.Timeout) != 300 || aws.ToInt32(c.MemorySize) != 128 || c.Environment.Variables["AB"] != "b" ||
			aws.ToString(c.LoggingConfig.LogGroup) != "/aws/lambda/f" || got.Tags["k"] != "v" {
			t.Errorf("function %+v, tags %v", c, got.Tags)
		}
		w.upload("f.zip", []byte("no zip")) // the same key is not read again
		if reason := w.update("s", role+","+functionOf(`,"Timeout":60`)); reason != "" {
			t.Fatal(reason)
		}
		after, err := w.functions.GetFunctionConfiguration(
			t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: name},
		)
		w.must(err)
		if aws.ToString(after.CodeSha256) != aws.ToString(c.CodeSha256) || aws.ToInt32(after.Timeout) != 60 {
			t.Errorf("after the update: %+v", after)
		}
		// Without processes, a function without registered code cannot be invoked.
		_, err = w.functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: name})
		w.wantError(err, "SandboxNotModelled")
		w.box.RegisterFunction(function, func(ctx context.Context, event []byte) ([]byte, error) {
			deadline, _ := ctx.Deadline()
			return json.Marshal(time.Until(deadline).Seconds())
		})
		out, err := w.functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: name})
		w.must(err)
		if string(out.Payload) != "60" || aws.ToString(out.ExecutedVersion) != "$LATEST" || out.StatusCode != 200 {
			t.Errorf("answer %s of %s, %d", out.Payload, aws.ToString(out.ExecutedVersion), out.StatusCode)
		}
		_, err = w.stacks.DeleteStack(t.Context(), &cloudformation.DeleteStackInput{StackName: aws.String("s")})
		w.must(err)
		w.box.RunDue()
		_, err = w.functions.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: name})
		w.wantError(err, "ResourceNotFoundException")
	})
}

func (w *world) wantError(err error, code string) {
	w.Helper()
	var refused interface{ ErrorCode() string }
	if !errors.As(err, &refused) || refused.ErrorCode() != code {
		w.Errorf("error %v, want %s", err, code)
	}
}

// TestFunction_Refusals checks what a function's creation refuses.
func TestFunction_Refusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		good := self(t)
		w.upload("f.zip", good)
		w.upload("cut.zip", good[:len(good)/2])
		w.upload("out.zip", pack(t, "../bootstrap", 0o755, ""))
		damaged := append([]byte(nil), good...)
		damaged[50] ^= 1
		w.upload("damaged.zip", damaged)
		code := func(key string) string {
			return strings.Replace(functionOf(""), `"f.zip"`, `"`+key+`"`, 1)
		}
		n := 0
		for resource, want := range map[string]string{
			code("missing.zip"): "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.",
			code("cut.zip"):     "Could not unzip uploaded file. Please check your file, then try to upload again.",
			code("damaged.zip"): "Could not unzip uploaded file.",
			code("out.zip"):     "Could not unzip uploaded file.",
			functionOf(`,"Environment":{"Variables":{"AWS_REGION":"x"}}`):                                                                                                     "Reserved keys used in this request: AWS_REGION",
			functionOf(`,"Environment":{"Variables":{"A1":"` + strings.Repeat("x", 4096) + `"}}`):                                                                             "exceeded the 4KB limit",
			functionOf(`,"Environment":{"Variables":{"1":"x"}}`):                                                                                                              "Map keys must satisfy constraint",
			functionOf(`,"Timeout":901`):                                                                                                                                      "less than or equal to 900",
			functionOf(`,"MemorySize":64`):                                                                                                                                    "greater than or equal to 128",
			functionOf(`,"Architectures":["arm64","x86_64"]`):                                                                                                                 "architectures",
			functionOf(`,"ReservedConcurrentExecutions":901`):                                                                                                                 "below its minimum value of [100]",
			functionOf(`,"DeadLetterConfig":{"TargetArn":"arn:aws:sqs:eu-west-1:111122223333:other"}`):                                                                        "The provided execution role does not have permissions to call SendMessage on SQS",
			functionOf(`,"TracingConfig":{"Mode":"Active"}`):                                                                                                                  "does not model the tracing mode Active",
			strings.Replace(functionOf(""), `{"Fn::GetAtt":["Role","Arn"]}`, `"arn:aws:iam::111122223333:role/none"`, 1):                                                      "The role defined for the function cannot be assumed by Lambda.",
			strings.Replace(functionOf(""), `{"Fn::GetAtt":["Role","Arn"]}`, `"arn:aws:iam::444455556666:role/none"`, 1):                                                      "Cross-account pass role is not allowed.",
			strings.Replace(functionOf(""), "provided.al2023", "python3.13", 1):                                                                                               "does not model functions of the runtime",
			functionOf("") + `,"P":{"Type":"AWS::Lambda::Permission","Properties":{"FunctionName":"none","Action":"lambda:*","Principal":"111122223333"}}`:                    "Function not found",
			functionOf("") + `,"P":{"Type":"AWS::Lambda::Permission","Properties":{"FunctionName":{"Ref":"Function"},"Action":"lambda:*","Principal":"x"}}`:                   "The provided principal was invalid",
			functionOf("") + `,"C":{"Type":"AWS::Lambda::EventInvokeConfig","Properties":{"FunctionName":{"Ref":"Function"},"Qualifier":"$LATEST","MaximumRetryAttempts":3}}`: "less than or equal to 2",
		} {
			n++
			resources := strings.ReplaceAll(role, `"RoleName":"f",`, "") + "," + resource
			if reason := w.create("r-"+strings.Repeat("x", n), resources); !strings.Contains(reason, want) {
				t.Errorf("%.300s: %q, want %s", resource, reason, want)
			}
		}
	})
}

// permission returns the resource of a permission of f.
func permission(id, principal, more string) string {
	return `,"` + id + `":{"Type":"AWS::Lambda::Permission","Properties":{"FunctionName":{"Ref":"Function"},"Action":"lambda:InvokeFunction","Principal":"` +
		principal + `"` + more + `}}`
}

// TestPermission checks which calls of services a function's policy permits.
func TestPermission(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.upload("f.zip", self(t))
		w.box.RegisterFunction(function, func(context.Context, []byte) ([]byte, error) { return nil, nil })
		const api = "arn:aws:execute-api:" + region + ":" + account + ":abc"
		if reason := w.create("s", role+","+functionOf("")+
			permission("Rule", "events.amazonaws.com", `,"SourceAccount":"`+account+`","SourceArn":"arn:aws:events:`+region+`:`+account+`:rule/own"`)+
			permission("Api", "apigateway.amazonaws.com", `,"SourceAccount":"`+account+`","SourceArn":"`+api+`/*"`)+
			permission("Org", "sns.amazonaws.com", `,"PrincipalOrgID":"o-1234567890"`)); reason != "" {
			t.Fatal(reason)
		}
		for _, c := range []struct {
			service, source string
			permitted       bool
		}{
			{"events.amazonaws.com", "arn:aws:events:" + region + ":" + account + ":rule/own", true},
			{"events.amazonaws.com", "arn:aws:events:" + region + ":" + account + ":rule/other", false},
			{"events.amazonaws.com", "arn:aws:events:" + region + ":444455556666:rule/own", false},
			{"apigateway.amazonaws.com", api + "/live/$connect", true},
			{"apigateway.amazonaws.com", api + "/authorizers/x", true},
			{"apigateway.amazonaws.com", strings.Replace(api, "abc", "abcd", 1) + "/live/$connect", false},
			{"sns.amazonaws.com", "arn:aws:sns:" + region + ":" + account + ":t", false}, // a service has no organization
			{"s3.amazonaws.com", "arn:aws:s3:::b", false},
		} {
			world := w.box.World()
			world.Lock()
			_, err := world.CallFunction(cloud.FunctionCall{ARN: function, Service: c.service, Source: c.source})
			world.Unlock()
			if (err == nil) != c.permitted {
				t.Errorf("%s for %s: %v", c.service, c.source, err)
			}
		}
		out, err := w.functions.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("f")})
		w.must(err)
		var policy struct {
			Id        string
			Statement []struct {
				Sid       string
				Condition map[string]map[string]string
			}
		}
		w.must(json.Unmarshal([]byte(aws.ToString(out.Policy)), &policy))
		if policy.Id != "default" || len(policy.Statement) != 3 {
			t.Errorf("policy %s", aws.ToString(out.Policy))
		}
		if !strings.Contains(aws.ToString(out.Policy), `"ArnLike":{"AWS:SourceArn":"`+api+`/*"}`) {
			t.Errorf("policy %s", aws.ToString(out.Policy))
		}
	})
}

// TestPermission_Full checks that a policy has at most 20 KB.
func TestPermission_Full(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.upload("f.zip", self(t))
		var many strings.Builder
		for i := range 90 {
			many.WriteString(permission("P"+strings.Repeat("p", i), "events.amazonaws.com", `,"SourceAccount":"`+account+
				`","SourceArn":"arn:aws:events:`+region+`:`+account+`:rule/`+strings.Repeat("r", 64)+`"`))
		}
		reason := w.create("s", role+","+functionOf("")+many.String())
		if !strings.Contains(reason, "is bigger than the limit (20480)") {
			t.Errorf("%q", reason)
		}
	})
}

// attempts counts the attempts of a function that fails.
type attempts struct {
	started time.Time
	at      []time.Duration
}

func (a *attempts) fail(context.Context, []byte) ([]byte, error) {
	a.at = append(a.at, time.Since(a.started))
	return nil, errors.New("not today")
}

// TestAsynchronous checks retries, ages, and dead letters.
func TestAsynchronous(t *testing.T) {
	t.Parallel()
	const letters = `,"DeadLetterConfig":{"TargetArn":{"Fn::GetAtt":["Queue","Arn"]}}`
	settings := func(more string) string {
		return `,"Config":{"Type":"AWS::Lambda::EventInvokeConfig","Properties":{"FunctionName":{"Ref":"Function"},"Qualifier":"$LATEST"` + more + `}}`
	}
	for name, c := range map[string]struct {
		properties, config string
		want               []time.Duration
		code               string
	}{
		"by default":     {letters, "", []time.Duration{0, time.Minute, 3 * time.Minute}, "200"},
		"one retry":      {letters, settings(`,"MaximumRetryAttempts":1`), []time.Duration{0, time.Minute}, "200"},
		"no retry":       {letters, settings(`,"MaximumRetryAttempts":0`), []time.Duration{0}, "200"},
		"too old":        {letters, settings(`,"MaximumEventAgeInSeconds":120`), []time.Duration{0, time.Minute}, "200"},
		"stopped":        {letters + `,"ReservedConcurrentExecutions":0`, "", nil, ""},
		"no dead letter": {"", "", []time.Duration{0, time.Minute, 3 * time.Minute}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				w.upload("f.zip", self(t))
				if reason := w.create("s", role+","+queue+","+functionOf(c.properties)+c.config); reason != "" {
					t.Fatal(reason)
				}
				a := &attempts{started: time.Now()}
				w.box.RegisterFunction(function, a.fail)
				go w.box.Run(ctx)
				w.event()
				time.Sleep(time.Hour)
				synctest.Wait()
				if len(a.at) != len(c.want) {
					t.Fatalf("attempts at %v, want %v", a.at, c.want)
				}
				for i := range c.want {
					if a.at[i] != c.want[i] {
						t.Errorf("attempts at %v, want %v", a.at, c.want)
					}
				}
				w.wantDeadLetter(c.code)
			})
		})
	}
}

// wantDeadLetter checks the dead letter with an error code; "none" for no letter.
func (w *world) wantDeadLetter(code string) {
	w.Helper()
	out, err := sqs.NewFromConfig(w.config).ReceiveMessage(w.Context(), &sqs.ReceiveMessageInput{
		QueueUrl:              aws.String("https://sqs." + region + ".amazonaws.com/" + account + "/dead"),
		MessageAttributeNames: []string{"All"},
	})
	w.must(err)
	if code == "none" {
		if len(out.Messages) != 0 {
			w.Errorf("messages %v", out.Messages)
		}
		return
	}
	if len(out.Messages) != 1 {
		w.Fatalf("%d messages", len(out.Messages))
	}
	m := out.Messages[0]
	if aws.ToString(m.Body) != `{"n":1}` || len(aws.ToString(m.MessageAttributes["RequestID"].StringValue)) != 36 {
		w.Errorf("message %s %v", aws.ToString(m.Body), m.MessageAttributes)
	}
	if code == "" {
		return
	}
	if a := m.MessageAttributes["ErrorCode"]; aws.ToString(a.DataType) != "Number" || aws.ToString(a.StringValue) != code {
		w.Errorf("code %v", a)
	}
	if a := m.MessageAttributes["ErrorMessage"]; aws.ToString(a.StringValue) != "not today" {
		w.Errorf("message %v", a)
	}
}

// TestConcurrency checks that a function has no more concurrent invocations than are reserved, and
// that its queue waits.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		w.upload("f.zip", self(t))
		if reason := w.create("s", role+","+functionOf(`,"Timeout":100,"ReservedConcurrentExecutions":1`)); reason != "" {
			t.Fatal(reason)
		}
		done := 0
		w.box.RegisterFunction(function, func(context.Context, []byte) ([]byte, error) {
			time.Sleep(30 * time.Second)
			done++
			return nil, nil
		})
		go w.box.Run(ctx)
		w.event()
		synctest.Wait()
		_, err := w.functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
		w.wantError(err, "TooManyRequestsException")
		w.event() // it waits in the queue
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if done != 2 {
			t.Errorf("%d invocations ended", done)
		}
	})
}

// TestRule checks events of a rule: with a permission they invoke the function, without one they go
// to the rule's dead-letter queue.
func TestRule(t *testing.T) {
	t.Parallel()
	const rule = "arn:aws:events:" + region + ":" + account + ":rule/tick"
	for name, c := range map[string]struct {
		source string
		want   int
		code   string
	}{
		"permitted": {rule, 1, ""},
		"refused":   {rule + "-other", 0, "NO_PERMISSIONS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				w.upload("f.zip", self(t))
				if reason := w.create("s", role+","+queue+","+functionOf("")+
					permission("Allow", "events.amazonaws.com", `,"SourceArn":"`+c.source+`"`)+
					`,"Policy":{"Type":"AWS::SQS::QueuePolicy","Properties":{"Queues":[{"Ref":"Queue"}],"PolicyDocument":{"Version":"2012-10-17",
						"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}}}`+
					`,"Rule":{"Type":"AWS::Events::Rule","DependsOn":["Allow","Policy"],"Properties":{"Name":"tick","ScheduleExpression":"rate(1 hour)",
						"Targets":[{"Id":"f","Arn":{"Fn::GetAtt":["Function","Arn"]},"DeadLetterConfig":{"Arn":{"Fn::GetAtt":["Queue","Arn"]}}}]}}`,
				); reason != "" {
					t.Fatal(reason)
				}
				heard := 0
				w.box.RegisterFunction(function, func(context.Context, []byte) ([]byte, error) {
					heard++
					return nil, nil
				})
				go w.box.Run(ctx)
				time.Sleep(time.Hour + time.Minute)
				synctest.Wait()
				if heard != c.want {
					t.Errorf("%d events, want %d", heard, c.want)
				}
				out, err := sqs.NewFromConfig(w.config).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
					QueueUrl:              aws.String("https://sqs." + region + ".amazonaws.com/" + account + "/dead"),
					MessageAttributeNames: []string{"All"},
				})
				w.must(err)
				code := ""
				for _, m := range out.Messages {
					code = aws.ToString(m.MessageAttributes["ERROR_CODE"].StringValue)
				}
				if code != c.code {
					t.Errorf("dead letter %q, want %q", code, c.code)
				}
			})
		})
	}
}
