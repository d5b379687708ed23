package projects

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
	"github.com/stowage/terraform-provider-stowage/internal/mirror"
	"github.com/stowage/terraform-provider-stowage/internal/push"
	"github.com/stowage/terraform-provider-stowage/internal/template"
)

// Config says whose projects they are and how they are reached.
type Config struct {
	Clients *awsclient.Clients
	// Hub is the hub's name: its settings are in the SSM parameter /stowage/hub/<name> of the provider's own account.
	Hub string
	// RoleName is the role that is assumed in the projects' accounts; "" for the provider's own credentials.
	RoleName string
	ReadMode ReadMode
	// Origin marks what this configuration creates; "" for none.
	Origin string
	// Run says which run makes the changes (the HCP Terraform run, else ""), for those who watch.
	Run string
	// Writer is unique for the process: letters, digits and hyphens.
	Writer string
	// Budget is how much of its limits a stack may use before the next one is opened; the zero value stands for
	// template.Budget(). Smaller stacks let tests come to several of them.
	Budget template.Usage
	// Log writes a line for people who watch, Warn one that they should see; nil: none.
	Log, Warn func(ctx context.Context, message string, fields map[string]any)
}

// Service reads and changes projects. It is safe for concurrent use.
type Service struct {
	config Config

	mu       sync.Mutex // protects what follows; never held during a call or a wait
	hub      *hub
	hubCall  *call[*hub]
	projects map[string]*project
	tokens   int
	lookup   lookup

	unread   bool      // people were told that the mirror could not be read
	warnings []Warning // that nobody has been told of yet
	crowd    crowd
}

// New makes a Service. It calls nothing: the hub's settings are read when they are first needed.
func New(config Config) *Service {
	nothing := func(context.Context, string, map[string]any) {}
	if config.Log == nil {
		config.Log = nothing
	}
	if config.Warn == nil {
		config.Warn = config.Log
	}
	return &Service{config: config, projects: map[string]*project{}}
}

// hub is the hub, ready for use: the mirror's table, the web clients and the directory.
type hub struct {
	name      string
	at        HubLocation
	settings  hubSettings
	table     *mirror.Table
	pusher    *push.Pusher // nil when there is no WebSocket API
	directory *shard
}

// open returns the hub, reading its settings once per process.
func (s *Service) open(ctx context.Context) (*hub, error) {
	s.mu.Lock()
	if s.hub != nil {
		defer s.mu.Unlock()
		return s.hub, nil
	}
	if s.hubCall == nil {
		s.hubCall = begin(ctx, s.readHub, func(_ *call[*hub], h *hub, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.hubCall = nil
			if err == nil {
				s.hub = h
			}
		})
	}
	c := s.hubCall
	s.mu.Unlock()
	return c.wait(ctx)
}

// Hub returns the account and region of the hub.
func (s *Service) Hub(ctx context.Context) (HubLocation, error) {
	h, err := s.open(ctx)
	if err != nil {
		return HubLocation{}, err
	}
	return h.at, nil
}

func (s *Service) readHub(ctx context.Context) (*hub, error) {
	account := s.config.Clients.Hub()
	settings, err := readHubSettings(ctx, account, s.config.Hub)
	if err != nil {
		return nil, err
	}
	at := HubLocation{settings.AccountID, settings.Region}
	h := &hub{name: s.config.Hub, at: at, settings: *settings, table: mirror.New(account.DynamoDB, settings.Table)}
	if settings.ManagementURL != "" {
		h.pusher = push.New(account.Connections(settings.ManagementURL))
	}
	h.directory = s.newDirectory(h, account)
	return h, nil
}

// forget drops what is known of a project that was deleted.
func (s *Service) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.projects, name)
}

// token makes a token that no other engine or call of any process has: CloudFormation refuses an operation with one that a
// stack has seen before.
func (s *Service) token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
	return fmt.Sprintf("%s-%d", s.config.Writer, s.tokens)
}

func stackName(project string, n int) string { return fmt.Sprintf("stowage-%s-%d", project, n) }

// mirrorBound is the most that a write of the mirror may hold up an apply: the relay's sweep mends what is missing.
const mirrorBound = 2 * time.Second

// warnUnread warns that the mirror could not be read, in the log and, once per process, to people.
func (s *Service) warnUnread(ctx context.Context, h *hub, partition string, err error) {
	s.warnMirror(ctx, "read", partition, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.unread {
		s.unread = true
		s.warnings = append(s.warnings, MirrorWarning{h.settings.Table, h.at, err})
	}
}

func (s *Service) warnMirror(ctx context.Context, doing, partition string, err error) {
	s.config.Warn(ctx, "The mirror could not be "+doing+"; reads are slower until it is mended", map[string]any{
		"project": partition, "error": strings.TrimSpace(err.Error()),
	})
}
