package relay

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/stowage/terraform-provider-stowage/internal/awsclient"
)

// FromEnvironment returns the Config from environment variables; see the package's documentation.
// version is that of the program. It makes one call to identify its credentials.
func FromEnvironment(ctx context.Context, version string) (Config, error) {
	return fromEnvironment(ctx, version, os.Getenv)
}

func fromEnvironment(ctx context.Context, version string, get func(string) string) (Config, error) {
	or := func(name, otherwise string) string {
		if value := strings.TrimSpace(get(name)); value != "" {
			return value
		}
		return otherwise
	}
	var level slog.Level
	if text := or("STOWAGE_LOG_LEVEL", "INFO"); level.UnmarshalText([]byte(text)) != nil {
		return Config{}, fmt.Errorf("STOWAGE_LOG_LEVEL is %q; it is DEBUG, INFO, WARN or ERROR", text)
	}
	config := Config{
		Version: version, Hub: or("STOWAGE_HUB", "stowage"), RoleName: or("STOWAGE_ROLE", DefaultRole),
		Access: Access{Issuer: or("STOWAGE_OIDC_ISSUER", ""), ProjectsClaim: or("STOWAGE_OIDC_PROJECTS_CLAIM", "")},
		Board: Board{
			WebSocket: or("STOWAGE_WEBSOCKET_URL", ""), ClientID: or("STOWAGE_OIDC_CLIENT_ID", ""),
			Scope: or("STOWAGE_OIDC_SCOPE", ""),
		},
		Log: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
	hours, err := strconv.ParseFloat(or("STOWAGE_DRIFT_CHECK_HOURS", "24"), 64)
	if err != nil || !(hours == 0 || hours >= 1 && hours <= 24*365) {
		return Config{}, fmt.Errorf(
			"STOWAGE_DRIFT_CHECK_HOURS is %q; it is a number of hours from 1 on, or 0", get("STOWAGE_DRIFT_CHECK_HOURS"),
		)
	}
	config.DriftCheck = time.Duration(hours * float64(time.Hour))
	for audience := range strings.SplitSeq(or("STOWAGE_OIDC_AUDIENCE", ""), ",") {
		if audience = strings.TrimSpace(audience); audience != "" {
			config.Access.Audiences = append(config.Access.Audiences, audience)
		}
	}
	if config.Clients, err = awsclient.New(
		ctx, awsclient.Config{Version: version, ProjectExternalID: or("STOWAGE_EXTERNAL_ID", "")},
	); err != nil {
		return Config{}, fmt.Errorf("the relay's credentials: %w", err)
	}
	return config, nil
}
