package entitytest

import (
	"context"
	"sync"

	"github.com/stowage/terraform-provider-stowage/internal/entity"
	"github.com/stowage/terraform-provider-stowage/internal/hub"
	"github.com/stowage/terraform-provider-stowage/internal/hubs"
)

// Hubs keeps hubs in memory.
type Hubs struct {
	// Place is the account and region of the provider.
	Place hub.Place
	// Fail is called before each call with the method's name. Its error becomes the call's. Nil:
	// nothing fails.
	Fail func(ctx context.Context, method string) error

	mu     sync.Mutex // protects stored
	stored map[string]hubs.Hub
}

var _ entity.Hubs = (*Hubs)(nil)

// NewHubs returns Hubs without any hub.
func NewHubs() *Hubs {
	return &Hubs{
		Place:  hub.Place{AccountID: "000000000000", Region: "eu-west-1", Partition: "aws"},
		stored: map[string]hubs.Hub{},
	}
}

func (h *Hubs) begin(ctx context.Context, method string) error {
	if h.Fail != nil {
		return h.Fail(ctx, method)
	}
	return nil
}

// Read implements entity.Hubs.
func (h *Hubs) Read(ctx context.Context, name string) (*hubs.Hub, error) {
	if err := h.begin(ctx, "Read"); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	found, ok := h.stored[name]
	if !ok || found.Place != h.Place {
		return nil, &hubs.NotFoundError{Name: name, Place: h.Place}
	}
	return &found, nil
}

// Create implements entity.Hubs.
func (h *Hubs) Create(ctx context.Context, settings hub.Settings, p hubs.Package) (*hubs.Hub, error) {
	if err := h.begin(ctx, "Create"); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, there := h.stored[settings.Name]; there {
		return nil, &hubs.ExistsError{
			Name: settings.Name, Place: h.Place, By: "the stack " + hub.StackName(settings.Name), Importable: true,
		}
	}
	return h.put(settings, p.Relay), nil
}

// Update implements entity.Hubs.
func (h *Hubs) Update(
	ctx context.Context, settings hub.Settings, p hubs.Package, allowDowngrade bool,
) (*hubs.Hub, error) {
	if err := h.begin(ctx, "Update"); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	deployed := h.stored[settings.Name].Relay.Version
	if hub.OlderRelay(p.Relay.Version, deployed) && !allowDowngrade {
		return nil, &hubs.DowngradeError{Name: settings.Name, Deployed: deployed, Wanted: p.Relay.Version}
	}
	return h.put(settings, p.Relay), nil
}

// Delete implements entity.Hubs.
func (h *Hubs) Delete(ctx context.Context, name string) error {
	if err := h.begin(ctx, "Delete"); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.stored, name)
	return nil
}

// Change changes a hub behind Terraform's back.
func (h *Hubs) Change(name string, change func(*hubs.Hub)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := h.stored[name]
	change(&found)
	h.stored[name] = found
}

func (h *Hubs) put(s hub.Settings, relay hub.Relay) *hubs.Hub {
	made := hubs.Hub{
		Settings: s, Relay: relay, Place: h.Place, TableName: hub.TableName(s.Name), EventBusARN: hub.BusARN(s.Name, h.Place),
	}
	if s.Live != nil {
		made.WebSocketURL = "wss://a1.execute-api.eu-west-1.amazonaws.com/live"
		made.BoardURL = "https://b2.execute-api.eu-west-1.amazonaws.com"
		if d := s.Live.BoardDomain; d != nil {
			made.BoardURL = "https://" + d.Name
		}
		if d := s.Live.WebSocketDomain; d != nil {
			made.WebSocketURL = "wss://" + d.Name
		}
	}
	if s.Operators.Any() {
		made.OperatorRoleARN, made.PlannerRoleARN = hub.OperatorARN(s.Name, h.Place), hub.PlannerARN(s.Name, h.Place)
	}
	h.stored[s.Name] = made
	return &made
}
