package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Everything means all projects and their directory in Connection.Projects.
const Everything = "*"

// Connection is a connection of a web client.
type Connection struct {
	ID string `json:"id"`
	// Projects are the visible projects, or Everything alone.
	Projects []string `json:"projects"`
	// Ends is the latest end of the connection. Nothing is sent after it.
	Ends time.Time `json:"ends"`
	// Behind means that the client did not accept an event. It gets no events until it has accepted
	// a heartbeat, whose numbers show what it lacks.
	Behind bool `json:"behind,omitempty"`
}

// sees reports whether the client can see a project, or the directory.
func (c Connection) sees(project string) bool {
	return slices.Contains(c.Projects, Everything) || project != Directory && slices.Contains(c.Projects, project)
}

// storedConnection is a Connection with the time at which DynamoDB may remove it, in seconds since
// 1970: an hour after the end, so that the hub usually removes it first.
type storedConnection struct {
	Connection
	Expires int64 `json:"expires"`
}

// Connect stores a connection.
func (t *Table) Connect(ctx context.Context, c Connection) error {
	i, err := marshal(connectionsKey, c.ID, storedConnection{c, c.Ends.Add(time.Hour).Unix()})
	if err != nil {
		return err
	}
	if _, err = t.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &t.name, Item: i}); err != nil {
		return t.failed("keeping a connection", err)
	}
	return nil
}

// Disconnect removes a connection, if it is stored.
func (t *Table) Disconnect(ctx context.Context, id string) error {
	_, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &t.name, Key: key(connectionsKey, id)})
	if err != nil {
		return t.failed("forgetting a connection", err)
	}
	return nil
}

// FallBehind records whether a client is behind, if its connection is stored.
func (t *Table) FallBehind(ctx context.Context, id string, behind bool) error {
	built, err := expression.NewBuilder().
		WithUpdate(expression.Set(expression.Name("behind"), expression.Value(behind))).
		WithCondition(expression.Name(PartitionKey).AttributeExists()).
		Build()
	if err != nil {
		return fmt.Errorf("building an update: %w", err)
	}
	_, err = t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: key(connectionsKey, id),
		UpdateExpression: built.Update(), ConditionExpression: built.Condition(),
		ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values(),
	})
	var gone *types.ConditionalCheckFailedException
	if err != nil && !errors.As(err, &gone) {
		return t.failed("noting that a client is behind", err)
	}
	return nil
}

// Connections returns all stored connections, including ended ones.
func (t *Table) Connections(ctx context.Context) ([]Connection, error) {
	return t.connections(ctx, where(expression.Key(PartitionKey).Equal(expression.Value(connectionsKey))))
}

// Audience returns the connections that get a project's, or the directory's, events: those that can
// see it, have not ended and are not behind. The table filters the others.
func (t *Table) Audience(ctx context.Context, project string) ([]Connection, error) {
	may := expression.Name("projects").Contains(Everything)
	if project != Directory {
		may = may.Or(expression.Name("projects").Contains(project))
	}
	all, err := t.connections(
		ctx, where(expression.Key(PartitionKey).Equal(expression.Value(connectionsKey))).WithFilter(may),
	)
	now := time.Now()
	return slices.DeleteFunc(
		all, func(c Connection) bool { return !c.sees(project) || c.Behind || !now.Before(c.Ends) },
	), err
}

func (t *Table) connections(ctx context.Context, asked expression.Builder) ([]Connection, error) {
	var all []Connection
	err := t.query(ctx, asked, func(i item) error {
		var c Connection
		if err := unmarshal(i, &c); err != nil {
			return err
		}
		all = append(all, c)
		return nil
	})
	if err != nil {
		return nil, t.failed("reading the connections", err)
	}
	return all, nil
}
