"""The bundle as an MLflow model, for notebooks and Spark: MLflow runs this file to load it (models from code).

The service does not come this way: it reads the exported bundle itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from serving.bundle import Bundle, FeatureFrame

ARTIFACT = "bundle"


class BundleModel(PythonModel):
    """Predictions of all models of a bundle, from a table of its features."""

    def load_context(self, context: Any) -> None:
        """Load and verify the bundle: damaged files or other golden rows, and there is no model."""
        self._bundle = Bundle.load(Path(context.artifacts[ARTIFACT]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Predict for every row: `<key>`, with `<key>_low` and `<key>_high` for amounts, in the rows' order.

        Parameters
        ----------
        model_input
            The bundle's features by name, null or NaN = not observed, in any order; `customer_id` is optional,
            further columns are left alone.
        """
        del context, params
        names = self._bundle.names
        columns = [name for name in model_input.columns if name in names]
        values = model_input[columns].to_numpy(dtype=np.float64, na_value=np.nan)
        ids = tuple(map(str, model_input.get("customer_id", model_input.index)))
        outputs = self._bundle.predict(FeatureFrame(ids, "", tuple(columns), values)).outputs
        found: dict[str, Any] = {}
        for key, output in outputs.items():
            found[key] = output.prediction
            if output.low is not None and output.high is not None:
                found |= {f"{key}_low": output.low, f"{key}_high": output.high}
        return pd.DataFrame(found, index=model_input.index)


mlflow.models.set_model(BundleModel())
