"""Experiments at small scale on the embedded model; `npm run experiments`."""
