"""Backtests of forecasts: the same forecaster from one origin after the other, beside its baselines."""
