// Package lambda simulates AWS Lambda as far as a hub uses it: the resource types
// AWS::Lambda::Function, AWS::Lambda::Permission and AWS::Lambda::EventInvokeConfig, the Invoke API,
// asynchronous invocations with their retries and dead-letter queues, and functions of the runtime
// provided.al2023 that run as processes.
//
// # Code
//
// A function's code is a zip in S3. Package cloud finds the code of a call: Go code that is
// registered for the function's ARN (cloud.World.RegisterFunction) runs in place of the zip's, with
// the function's policy, timeout, concurrency, retries and dead-letter queue. Simulations in virtual
// time register the code of every function that they call.
//
// # Processes
//
// RunProcesses allows the zip's code to run; its argument is the sandbox's address. Without it, a
// call is refused as not modelled. Each concurrent invocation has a process: the executable bootstrap
// of the unpacked zip, behind a Runtime API of its own. Its environment is that of Lambda (Lambda
// developer guide, configuration-envvars; recorded by LocalStack), with credentials of the function's
// role, and AWS_ENDPOINT_URL, so that its calls arrive at the sandbox. It is stopped (SIGSTOP)
// between invocations, killed at the timeout, and reaped by StopProcesses. On Linux it also ends when
// the sandbox's process ends.
//
// A process runs on this machine, so the zip's program must be for it. A program of another machine
// than the function's Architectures fails as on AWS: Runtime.InvalidEntrypoint, "exec format error".
// A function whose program is as declared, but not for this machine, is refused as not modelled. So a
// hub that runs here declares this machine's architecture, and has a zip that was built for it.
//
// The limits on memory, on the disk and on the network are not simulated, nor are the read-only file
// system and the separate user of a function: run only code that you trust.
//
// # Logs
//
// The output of processes goes to the function's log group, with the rights of its role.
package lambda
