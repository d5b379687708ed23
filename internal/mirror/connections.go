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

// Everything is the name that stands for all projects and their directory among those that a connection may see.
const Everything = "*"

// Connection is the connection of a web client to the hub.
type Connection struct {
	ID string `json:"id"`
	// Projects are the names of the projects that the client may see, or Everything alone.
	Projects []string `json:"projects"`
	// Ends is when it ends at the latest; nothing is sent on it after that.
	Ends time.Time `json:"ends"`
	// Behind says that the client didn't take what was sent to it. It gets no events until it has taken a heartbeat, by whose numbers
	// it finds out what it lacks.
	Behind bool `json:"behind,omitempty"`
}

// sees says whether the client may see a project, or the directory.
func (c Connection) sees(project string) bool {
	return slices.Contains(c.Projects, Everything) || project != Directory && slices.Contains(c.Projects, project)
}

// storedConnection is a Connection with the time at which DynamoDB may remove it, in seconds since 1970. It is an hour after the end, so
// that the hub usually does it, and knows.
type storedConnection struct {
	Connection
	Expires int64 `json:"expires"`
}

// Connect keeps a connection.
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

// Disconnect forgets a connection. One that isn't kept is forgotten already.
func (t *Table) Disconnect(ctx context.Context, id string) error {
	_, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &t.name, Key: key(connectionsKey, id)})
	if err != nil {
		return t.failed("forgetting a connection", err)
	}
	return nil
}

// FallBehind notes whether the client of a connection is behind. Of a connection that isn't kept there is nothing to note.
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

// Connections are all connections that are kept, those that have ended included.
func (t *Table) Connections(ctx context.Context) ([]Connection, error) {
	return t.connections(ctx, where(expression.Key(PartitionKey).Equal(expression.Value(connectionsKey))))
}

// Audience are the connections to which events of a project, or of the directory, are sent: those that may see it, and have neither
// ended nor fallen behind. The table leaves out the others before it answers.
func (t *Table) Audience(ctx context.Context, project string) ([]Connection, error) {
	may := expression.Name("projects").Contains(Everything)
	if project != Directory {
		may = may.Or(expression.Name("projects").Contains(project))
	}
	all, err := t.connections(ctx, where(expression.Key(PartitionKey).Equal(expression.Value(connectionsKey))).WithFilter(may))
	now := time.Now()
	return slices.DeleteFunc(all, func(c Connection) bool { return !c.sees(project) || c.Behind || !now.Before(c.Ends) }), err
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
