package account

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
)

// LiveProperties reads the properties of a resource with Cloud Control. exists is false when AWS has
// no such resource.
func LiveProperties(
	ctx context.Context, client *cloudcontrol.Client, typeName, identifier string,
) (properties map[string]any, exists bool, err error) {
	out, err := client.GetResource(
		ctx, &cloudcontrol.GetResourceInput{TypeName: aws.String(typeName), Identifier: aws.String(identifier)},
	)
	if isMissing(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading the %s %s: %w", typeName, identifier, err)
	}
	if out.ResourceDescription == nil {
		return nil, false, fmt.Errorf("reading the %s %s: AWS answered without a description", typeName, identifier)
	}
	decoder := json.NewDecoder(strings.NewReader(aws.ToString(out.ResourceDescription.Properties)))
	decoder.UseNumber()
	if err := decoder.Decode(&properties); err != nil {
		return nil, false, fmt.Errorf("the properties of the %s %s: %w", typeName, identifier, err)
	}
	return properties, true, nil
}
