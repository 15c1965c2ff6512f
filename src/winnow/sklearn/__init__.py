"""winnow for scikit-learn: a sampler as those of imbalanced-learn are."""

from winnow.api.estimator import Winnow as Winnow
